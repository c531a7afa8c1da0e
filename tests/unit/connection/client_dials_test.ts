import type { NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  abandon,
  addServers,
  aroundTransport,
  forgetFuture,
  watchDials,
} from "../../../src/connection/client_dials.ts";

/** A client built otherwise than the one that is known, or in part as it. */
function client(protocol?: unknown, more: object = {}): NatsConnection {
  return { protocol, ...more } as unknown as NatsConnection;
}

Deno.test("aroundTransport() runs about the creation of each transport and passes its result on", () => {
  const steps: string[] = [];
  const protocol = {
    prepare() {
      steps.push(`create ${this === protocol}`);
      return "prepared";
    },
  };
  aroundTransport(client(protocol), (create) => {
    steps.push("before");
    create();
    steps.push("after");
  });
  assertEquals([protocol.prepare(), protocol.prepare()], ["prepared", "prepared"]);
  const once = ["before", "create true", "after"];
  assertEquals(steps, [...once, ...once]);
});

Deno.test("aroundTransport() does without where there is nothing to go around", () => {
  for (const part of [undefined, {}, { prepare: 7 }]) aroundTransport(client(part), () => {});
});

/** A client whose transports note what is done with them; the last one is `made`. */
function dialling(connect: (...way: unknown[]) => Promise<void>) {
  const steps: string[] = [];
  const protocol: { prepare(): void; transport?: Dialled } = {
    prepare() {
      protocol.transport = {
        connect,
        close: () => Promise.resolve(void steps.push("close")),
      };
    },
  };
  return { steps, protocol };
}

interface Dialled {
  connect(...way: unknown[]): Promise<void>;
  close(): Promise<void>;
}

Deno.test("watchDials() waits before each dial, and tells of each that failed", async () => {
  const refused = new Error("refused");
  const seen: unknown[] = [];
  const { protocol } = dialling((...way) => {
    seen.push(way);
    return Promise.reject(refused);
  });
  const before = () => Promise.resolve(void seen.push("before"));
  watchDials(client(protocol), { before, failed: (error) => seen.push(error) });
  for (let dial = 1; dial <= 2; dial++) {
    protocol.prepare();
    await assertRejects(() => protocol.transport!.connect("a:1", { tls: null }), Error, "refused");
  }
  const once = ["before", ["a:1", { tls: null }], refused];
  assertEquals(seen, [...once, ...once]);
});

Deno.test("watchDials() does not dial a transport that was closed while it waited", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { steps, protocol } = dialling(() => Promise.resolve(void steps.push("dial")));
  watchDials(client(protocol), { before: () => promise, failed() {} });
  protocol.prepare();
  const dialled = assertRejects(() => protocol.transport!.connect(), Error, "closed");
  await protocol.transport!.close();
  resolve();
  await dialled;
  assertEquals(steps, []);
  await protocol.transport!.close();
  assertEquals(steps, ["close"]);
});

Deno.test("watchDials() ends a dial whose socket has closed, and no other", async () => {
  const ended: string[] = [];
  const sockets: PromiseWithResolvers<void>[] = [];
  const protocol = {
    transport: undefined as unknown,
    connectError: ({ message }: Error) => void ended.push(message),
    prepare() {
      const socket = Promise.withResolvers<void>();
      sockets.push(socket);
      protocol.transport = { connect: () => Promise.resolve(), closed: () => socket.promise };
    },
  };
  watchDials(client(protocol), { before: undefined, failed() {} });
  protocol.prepare();
  protocol.prepare();
  sockets[0]!.resolve();
  await sockets[0]!.promise;
  assertEquals(ended, []);
  sockets[1]!.resolve();
  await sockets[1]!.promise;
  assertEquals(ended, ["the socket closed before the server had let us in"]);
});

Deno.test("watchDials() does without where there is nothing to watch", () => {
  for (const transport of [undefined, {}, { connect: 7 }]) {
    const protocol = { transport, prepare: () => "prepared" };
    watchDials(client(protocol), { before: undefined, failed() {} });
    assertEquals(protocol.prepare(), "prepared");
  }
});

Deno.test("addServers() keeps those that the cluster has told of", () => {
  const told = { listen: "c:3" };
  let pool: unknown[] = [{ listen: "a:1" }, told];
  const setServers = (urls: string[]) => {
    pool = urls.map((listen) => ({ listen }));
  };
  const servers = { getServers: () => pool };
  addServers(client({ servers }, { setServers }), ["a:1", "b:2"]);
  assertEquals(pool.slice(0, 2), [{ listen: "a:1" }, { listen: "b:2" }]);
  assertStrictEquals(pool.includes(told), true);
});

Deno.test("addServers() sets the servers where the pool cannot be had", () => {
  const set: string[][] = [];
  for (const protocol of [undefined, {}, { servers: {} }]) {
    addServers(client(protocol, { setServers: (urls: string[]) => set.push(urls) }), ["a:1"]);
  }
  assertEquals(set, [["a:1"], ["a:1"], ["a:1"]]);
});

Deno.test("forgetFuture() has a server dialled that was dialled last in the future", () => {
  const now = Date.now();
  const pool = [{ lastConnect: now + 3_600_000 }, { lastConnect: now - 1_000 }, { lastConnect: 0 }];
  forgetFuture(client({ servers: { getServers: () => pool } }));
  assertEquals(pool.map(({ lastConnect }) => lastConnect), [0, now - 1_000, 0]);
  for (const parts of [undefined, {}, { servers: {} }]) forgetFuture(client(parts));
});

Deno.test("abandon() closes a client, and lets no dial begin any more", async () => {
  const steps: string[] = [];
  const close = () => Promise.resolve(void steps.push("closed"));
  const protocol = { prepare: () => void steps.push("dialled") };
  await abandon(client(protocol, { close }));
  assertThrows(() => protocol.prepare(), Error, "closed");
  await abandon(client(undefined, { close }));
  assertEquals(steps, ["closed", "closed"]);
});
