import { connect } from "@nats-io/transport-deno";
import { NatsBroker } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { ExecutedFiles } from "../support/executed.ts";
import { until } from "../support/nats_server/until.ts";
import { fastLineTest } from "../support/plain_mode.ts";

const ROOT = new URL("../../", import.meta.url);
const ROOMS = ["connection", "line", "reach"];
/** Microtasks in which everything that is gathered has gone out. */
const STILLNESS = 100;

/** The section of a page, down to the next of its rank. */
function section(page: string, title: string): string {
  const [, text] = page.split(`\n## ${title}\n`);
  if (text === undefined) throw new Error(`Cannot read CONTRIBUTING.md as it must have "${title}"`);
  return text.split("\n## ")[0]!;
}

const page = await Deno.readTextFile(new URL(".github/CONTRIBUTING.md", ROOT));
const sections = [
  "How a message is handled",
  "How a request is answered",
  "How a session's frame goes out and comes in",
  "How a connection comes back",
  "The NATS client",
].map((title) => section(page, title));
const named = sections.flatMap((text) =>
  [...text.matchAll(/`((?:src|tests)\/[\w./-]+\.ts)`/g)].map(([, path]) => path!)
);

/** The files of a section's table, counted from 0: what the first column of each row names. */
function walk(title: string, table = 0): Set<string> {
  const tables = section(page, title).split(/^\| file .*\n/m).slice(1);
  return new Set([...tables[table]!.matchAll(/^\| `(src\/[^`]+)`/gm)].map(([, path]) => path!));
}

/** Fails unless each of these files has run, and they are as few as a reader can keep in mind. */
function assertWalked(files: Set<string>, executed: Set<string>, most: number): void {
  assertEquals([...files].filter((path) => !executed.has(path)), []);
  assert(files.size > 0 && files.size <= most, `${files.size} files`);
}

/** A server, and a broker with a handler and what it takes to ask others. */
async function running() {
  const server = await EmbeddedServer.start();
  const options = { logger: false, reconnect: { minDelay: 1, maxDelay: 2 } } as const;
  const broker = new NatsBroker(server.url, options);
  broker.subscriber("own", ({ body }) => body);
  await broker.start();
  const other = await connect({ servers: server.url });
  other.subscribe("other", { callback: (_, message) => void message.respond("answer") });
  await other.flush();
  return {
    server,
    broker,
    other,
    async [Symbol.asyncDispose]() {
      await other.close();
      await broker.stop();
      await server.stop();
    },
  };
}

Deno.test("CONTRIBUTING names no file on the way of a connection that is not there", async () => {
  const missing = [];
  for (const path of new Set(named)) {
    const info = await Deno.stat(new URL(path, ROOT)).catch(() => undefined);
    if (!info?.isFile) missing.push(path);
  }
  assertEquals(missing, []);
});

Deno.test("CONTRIBUTING names every file of the rooms that a connection is made of", () => {
  const files = ROOMS.flatMap((room) => {
    const folder = `src/${room}`;
    const names = [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name);
    return names.filter((name) => name !== "README.md").map((name) => `${folder}/${name}`);
  });
  assertEquals(files.filter((path) => !named.includes(path)).sort(), []);
});

const WHY = "the page lists the files of the fast line";

fastLineTest(
  "CONTRIBUTING lists, of a message and its reply, files that run then",
  WHY,
  async () => {
    await using made = await running();
    using executed = await ExecutedFiles.watch();
    const answer = await made.other.request("own", "body", { timeout: 10_000 });
    assertEquals(answer.string(), "body");
    assertWalked(walk("How a message is handled"), await executed.sinceLast(), 15);
  },
);

fastLineTest(
  "CONTRIBUTING lists, of a request and its answer, files that run then",
  WHY,
  async () => {
    await using made = await running();
    using executed = await ExecutedFiles.watch();
    assertEquals((await made.broker.request("other")).body, "answer");
    assertWalked(walk("How a request is answered"), await executed.sinceLast(), 15);
  },
);

fastLineTest("CONTRIBUTING lists, of a session's frame, files that run then", WHY, async () => {
  const peer = new Worker(new URL("../support/echo_worker.ts", import.meta.url), {
    type: "module",
  });
  await using made = await running();
  const ready = new Promise((resolve) => peer.onmessage = resolve);
  peer.postMessage(made.server.url);
  await ready;
  const session = await made.broker.openSession("echo");
  using executed = await ExecutedFiles.watch();
  const sent = session.send("body");
  // the frame leaves in this turn of the event loop, in which nothing comes in
  for (let turn = 0; turn < STILLNESS; turn++) await Promise.resolve();
  const title = "How a session's frame goes out and comes in";
  assertWalked(walk(title), await executed.sinceLast(), 12);
  await sent;
  assertEquals((await session.next())?.body, "body");
  assertWalked(walk(title, 1), await executed.sinceLast(), 12);
  await session.close();
  peer.terminate();
});

fastLineTest("CONTRIBUTING lists, of a reconnect, files that run then", WHY, async () => {
  await using made = await running();
  const states: string[] = [];
  const reading = (async () => {
    for await (const { type } of made.broker.events()) states.push(type);
  })();
  using executed = await ExecutedFiles.watch();
  made.server.disconnect();
  await until("it must be out", () => states.includes("disconnected"));
  await made.broker.publish("held");
  await until("it must be back", () => states.includes("connected"));
  assertWalked(walk("How a connection comes back"), await executed.sinceLast(), 15);
  await made.broker.stop();
  await reading;
});
