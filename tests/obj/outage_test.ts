import { NatsBroker } from "@signalbox/nats";
import { NotStoredError } from "@signalbox/nats/obj";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import {
  bytesOf,
  chunksIn,
  consumersIn,
  filesOn,
  readWhole,
  streamOf,
} from "../support/objects.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";
import { within } from "../support/within.ts";

const CONFIG = 'jetstream: { store_dir: "streams" }';
const QUICK = { logger: false, reconnect: { minDelay: 10, maxDelay: 50 } } as const;
const BYTES = bytesOf(20_000_000);
const LIMIT = 30_000;

/** A bucket behind a proxy that can be cut, and a broker beside it that is not. */
async function behindProxy(
  run: (given: {
    readonly proxy: Proxy;
    readonly server: NatsServer;
    readonly files: Awaited<ReturnType<typeof filesOn>>;
    readonly beside: NatsBroker;
  }) => Promise<void>,
  options = {},
): Promise<void> {
  await using server = await NatsServer.start({ config: CONFIG });
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, QUICK);
  await using beside = new NatsBroker(server.url, QUICK);
  const files = await filesOn(broker, options);
  await beside.start();
  await run({ proxy, server, files, beside });
}

Deno.test("Objects.put() goes on after each cut, and stores every byte once and in order", async () => {
  await behindProxy(async ({ proxy, files, beside }) => {
    let cuts = 0;
    const body = streamOf(BYTES, 200_000, (sent) => {
      // in the middle of a message, either way
      if (sent % 1_000_000 !== 0 || sent === 0) return;
      proxy.cutAfter(300_000 + 17 * ++cuts, cuts % 3 === 0 ? "toClient" : "toServer");
    });
    const put = await within("it must be stored", files.put("x", body), LIMIT);
    assert(cuts >= 15);
    assertEquals([put.size, put.chunks], [BYTES.length, Math.ceil(BYTES.length / 131_072)]);
    proxy.cutAfter(Infinity);
    assertEquals(await readWhole(await files.get("x")), BYTES);
    assertEquals(await chunksIn(beside), { [`$O.files.C.${put.id}`]: put.chunks });
  });
});

Deno.test("Objects.put() keeps all chunks where it is cut off while it looks at them at its end", async () => {
  await behindProxy(async ({ proxy, server, files, beside }) => {
    await using watch = await FrameClient.to(server);
    const sid = await watch.subscribe("$JS.API.CONSUMER.CREATE.OBJ_files.>");
    const looks = (within: number) => watch.take((frame) => frame.sid === sid, 1, within);
    const body = streamOf(BYTES, 200_000, (sent) => {
      // what was sent twice is looked at
      if (sent === 2_000_000) proxy.cut();
    });
    const all = Promise.withResolvers<void>();
    const onProgress = (stored: number) => {
      if (stored === BYTES.length) all.resolve();
    };
    const putting = files.put("x", body, { onProgress });
    await all.promise;
    // of before
    while ((await looks(0)).length > 0);
    assertEquals((await looks(20_000)).length, 1);
    proxy.cut();
    const put = await within("it must be stored", putting, LIMIT);
    assertEquals(await chunksIn(beside), { [`$O.files.C.${put.id}`]: put.chunks });
    assertEquals(await readWhole(await files.get("x")), BYTES);
  });
});

Deno.test("Objects.put() goes on after the server was killed", async () => {
  await behindProxy(async ({ server, files, beside }) => {
    const kills: Promise<void>[] = [];
    const body = streamOf(BYTES, 200_000, (sent) => {
      if (sent % 5_000_000 !== 0 || sent === 0) return;
      kills.push(server.kill().then(() => server.restart()));
      return kills.at(-1);
    });
    const put = await within("it must be stored", files.put("x", body), LIMIT);
    await Promise.all(kills);
    assertEquals(kills.length, 4);
    assertEquals(await readWhole(await files.get("x")), BYTES);
    assertEquals(await chunksIn(beside), { [`$O.files.C.${put.id}`]: put.chunks });
  });
});

Deno.test("Objects.put() goes on with a server that was frozen", async () => {
  await behindProxy(async ({ server, files }) => {
    const body = streamOf(BYTES, 200_000, async (sent) => {
      if (sent !== 10_000_000) return;
      await server.suspend();
      setTimeout(() => server.resume(), 1_000);
    });
    await within("it must be stored", files.put("x", body), LIMIT);
    assertEquals(await readWhole(await files.get("x")), BYTES);
  });
});

Deno.test("StoredObject.readable goes on after each cut, and gives every byte once and in order", async () => {
  await behindProxy(async ({ proxy, files, beside }) => {
    await files.put("x", BYTES);
    let cuts = 0;
    let at = 0;
    const read = async () => {
      const { readable } = (await files.get("x"))!;
      for await (const part of readable) {
        assertEquals(part, BYTES.subarray(at, at += part.length));
        if (Math.floor(at / 1_500_000) > cuts) proxy.cutAfter(200_000 + 31 * ++cuts);
      }
    };
    await within("it must be read", read(), LIMIT);
    assertEquals([at, cuts >= 10], [BYTES.length, true]);
    proxy.cutAfter(Infinity);
    await until("no consumer is left", async () => await consumersIn(beside) === 0, {
      timeout: 40_000,
    });
  });
});

Deno.test("StoredObject.readable goes on after the server was killed", async () => {
  await behindProxy(async ({ server, files }) => {
    await files.put("x", BYTES);
    let kills = 0;
    let at = 0;
    const read = async () => {
      const { readable } = (await files.get("x"))!;
      for await (const part of readable) {
        assertEquals(part, BYTES.subarray(at, at += part.length));
        if (Math.floor(at / 6_000_000) === kills) continue;
        kills++;
        await server.kill();
        await server.restart();
      }
    };
    await within("it must be read", read(), LIMIT);
    assertEquals([at, kills], [BYTES.length, 3]);
  });
});

Deno.test("Objects.put() fails once nothing could be stored for its timeout, and leaves nothing", async () => {
  await behindProxy(async ({ proxy, files, beside }) => {
    const body = streamOf(BYTES, 200_000, async (sent) => {
      if (sent !== 4_000_000) return;
      await proxy.refuse();
      proxy.cut();
    });
    const failing = assertRejects(() => files.put("x", body), NotStoredError);
    const error = await within("it must fail", failing, 10_000);
    assert(error.message.includes("every 2000 ms"), error.message);
    proxy.accept();
    await until("nothing is left", async () => Object.keys(await chunksIn(beside)).length === 0);
    await files.put("x", bytesOf(5));
    assertEquals(await readWhole(await files.get("x")), bytesOf(5));
  }, { timeout: 2_000 });
});

Deno.test("Objects.put() given up in an outage ends at once, and leaves nothing after it", async () => {
  await behindProxy(async ({ proxy, files, beside }) => {
    const controller = new AbortController();
    const down = Promise.withResolvers<void>();
    const body = streamOf(BYTES, 200_000, async (sent) => {
      if (sent !== 4_000_000) return;
      await proxy.refuse();
      proxy.cut();
      down.resolve();
    });
    const putting = files.put("x", body, { signal: controller.signal });
    putting.catch(() => {});
    await down.promise;
    await delay(50);
    controller.abort(new Error("no more"));
    await within("it must end", assertRejects(() => putting, Error, "no more"), 3_000);
    proxy.accept();
    await until("nothing is left", async () => Object.keys(await chunksIn(beside)).length === 0);
  });
});
