/**
 * Checks that FastStream and nats.js work with us on the same streams, both ways: what one stores the other gets, consumers
 * are shared, and dead letters can be read by all. One line for each check, on nats-server and on the embedded server. The
 * peers come from their registries the first time; one that cannot be had is named, and the exit code is 77.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/jetstream_peers.ts
 * ```
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, Reject, stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { clients, type Program } from "./jetstream/clients/clients.ts";
import { findPython, Unavailable } from "./python.ts";

const FAILED = 1;
const UNAVAILABLE = 77;
/** How long a peer may take, in milliseconds. */
const LIMIT = 60_000;
const SHARED = 40;
const PEERS = new URL("jetstream/peers/", import.meta.url).pathname;

/** What a peer says, by the word before it. */
type Said = ReadonlyMap<string, readonly unknown[]>;

const shop = stream("SHOP", { subjects: ["shop.{side}.{what}"], declare: "create" });

const peers: Readonly<Record<string, () => Promise<Program>>> = {
  "nats.js": async () => {
    const { command, args, cwd } = await clients["nats.js"]!();
    const flags = args.slice(0, -1);
    return { command, args: [...flags, `${PEERS}with_nats_js.ts`], ...cwd && { cwd } };
  },
  "FastStream": async () => ({
    command: await findPython(),
    args: [`${PEERS}with_faststream.py`],
  }),
};

/** What we have seen of the peer. */
interface Seen {
  /** What was handled of what it stored. */
  readonly handled: unknown[];
  /** What we took of the shared consumer. */
  readonly shared: string[];
  /** What was read of what it stored. */
  readonly read: unknown[];
}

/** Stores, handles and shares beside a peer. */
async function beside(url: string, program: Program): Promise<{ seen: Seen; said: Said }> {
  const broker = new NatsBroker(url, { logger: false, inboxPrefix: "_OURS" });
  const js = jetstream(broker, { streams: [shop] });
  const seen: Seen = { handled: [], shared: [], read: [] };
  const isBusy = Promise.withResolvers<void>();
  const theirs = consumer(shop, "theirs", { subject: "shop.theirs.{what}" });
  broker.subscriber(theirs, ({ body, params, headers }) => {
    seen.handled.push([params.what, body, headers.get("x-shop")]);
    isBusy.resolve();
  });
  const shared = consumer(shop, "shared", { subject: "shop.shared.{what}" });
  broker.subscriber(shared, { concurrency: 1 }, async ({ subject }) => {
    seen.shared.push(subject);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  const dead = consumer(shop, "dead", { subject: "shop.dead.{what}" });
  broker.subscriber(dead, () => {
    throw new Reject("not wanted");
  });
  await broker.start();
  const headers = { "x-shop": "a" };
  await js.publish("shop.ours.object", { total: 12 }, { headers });
  await js.publish("shop.ours.text", "tea");
  await js.publish("shop.ours.bytes", new Uint8Array([255]));
  await js.publish("shop.ours.nothing");
  await js.publish("shop.dead.one", "x");
  const running = run(program, url);
  // a peer that has begun is there to share
  await Promise.race([isBusy.promise, running]);
  for (let stored = 0; stored < SHARED; stored++) await js.publish(`shop.shared.${stored}`);
  const said = await running;
  for await (
    const { subject, delivery } of js.read(shop, { subject: "shop.theirs.*", until: "now" })
  ) {
    seen.read.push([delivery.seq, subject]);
  }
  for (const each of [theirs, shared, dead]) {
    for (let turn = 0; turn < 100 && (await js.lag(each)).total > 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await js.lag(each), { pending: 0, unsettled: 0, total: 0 });
  }
  await broker.stop();
  return { seen, said };
}

/** Runs a peer to its end. */
async function run({ command, args, cwd, env }: Program, url: string): Promise<Said> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args, url],
    ...cwd !== undefined && { cwd },
    env: { PYTHONDONTWRITEBYTECODE: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  const said = new Map<string, unknown[]>();
  for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
    const [word, value] = JSON.parse(line);
    said.set(word, [...said.get(word) ?? [], value]);
  }
  return said;
}

const CHECKS: Readonly<Record<string, (seen: Seen, said: Said) => void>> = {
  "gets what we store": (_, said) => {
    const found = (said.get("got") ?? []) as Record<string, unknown>[];
    assertEquals(found.map(({ subject, seq, type, shop }) => [subject, seq, type, shop]), [
      ["shop.ours.object", 1, "application/json", "a"],
      ["shop.ours.text", 2, "text/plain", ""],
      ["shop.ours.bytes", 3, "application/octet-stream", ""],
      ["shop.ours.nothing", 4, "", ""],
    ]);
    assertEquals([found[0]!.body, found[1]!.body, found[3]!.body], ['{"total":12}', "tea", ""]);
  },
  "stores what we handle": ({ handled }, said) => {
    assertEquals([said.get("duplicate"), said.get("stored")], [[true], [4]]);
    assertEquals(handled, [
      ["object", { total: 12 }, undefined],
      ["text", "tea", "b"],
      ["bytes", handled[2] && (handled[2] as unknown[])[1], undefined],
      ["once", 1, undefined],
    ]);
  },
  "reads the same in order": ({ read }, said) => {
    assertEquals(said.get("read"), read);
    assertEquals(read.length, 4);
  },
  "shares a consumer with us": ({ shared }, said) => {
    const theirs = (said.get("shared") ?? []) as string[];
    const all = Array.from({ length: SHARED }, (_, at) => `shop.shared.${at}`).sort();
    assertEquals([...shared, ...theirs].sort(), all);
    if (theirs.length === 0) throw new Error("it got none of them");
  },
  "reads our dead letters": (_, said) => {
    const [{ subject, body, of, error }] = said.get("dead") as [Record<string, string>];
    assertEquals([body, of, error], ["x", "shop.dead.one", "not wanted"]);
    assertEquals(subject!.split(".").slice(0, 3), ["SHOP_DEAD", "SHOP", "dead"]);
  },
};

/** Gives how many checks did not hold. */
async function check(name: string, program: Program): Promise<number> {
  let failed = 0;
  for (const server of ["nats-server", "embedded"]) {
    await using running = server === "embedded"
      ? await EmbeddedServer.start()
      : await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
    const { seen, said } = await beside(running.url, program);
    for (const [what, holds] of Object.entries(CHECKS)) {
      try {
        holds(seen, said);
        console.log(`ok - ${name} ${what} [${server}]`);
      } catch (error) {
        failed++;
        console.log(`not ok - ${name} ${what} [${server}]`);
        console.log(String(error).replace(/^/gm, "#   "));
      }
    }
  }
  return failed;
}

/** Gives the exit code. */
async function main(): Promise<number> {
  let code = 0;
  for (const [name, prepare] of Object.entries(peers)) {
    try {
      if (await check(name, await prepare()) > 0) code = FAILED;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`not tried - ${name}: ${error.message}`);
      code ||= UNAVAILABLE;
    }
  }
  return code;
}

if (import.meta.main) Deno.exit(await main());
