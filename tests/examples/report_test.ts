import { NatsBroker, RemoteError } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { aborted, within } from "../support/within.ts";
import { bar, fetchReport, serveReport, type Sum } from "./report.ts";

const program = new URL("report.ts", import.meta.url);

/** A broker that serves the report and asks for it. */
async function serve(server: EmbeddedServer, sum: Sum): Promise<NatsBroker> {
  const broker = new NatsBroker(server.url, { logger: false });
  serveReport(broker, sum);
  await broker.start();
  return broker;
}

/** Adds up at once until a month comes for which it would take for ever, unless it is told to stop. */
class StuckSum {
  readonly asked: string[] = [];
  readonly stuck: Promise<AbortSignal>;
  readonly sum: Sum;

  constructor(at: string) {
    const { promise, resolve } = Promise.withResolvers<AbortSignal>();
    this.stuck = promise;
    this.sum = async (_year, month, signal) => {
      this.asked.push(month);
      if (month !== at) return 1;
      resolve(signal);
      return await new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    };
  }
}

Deno.test("bar() is as wide for every progress", () => {
  assertEquals(
    [0, 1, 2, 3].map((done) => bar({ done, of: 3 }, 6)),
    ["[······]   0 %", "[##····]  33 %", "[####··]  66 %", "[######] 100 %"],
  );
});

Deno.test("The report comes in rows, and its bar stays on one line", async () => {
  await using server = await EmbeddedServer.start();
  await using broker = await serve(server, (year, month) => Promise.resolve(year + month.length));
  let text = "";
  const rows = await fetchReport(broker, 2025, { print: (more) => void (text += more) });
  assertEquals(rows.length, 12);
  assertEquals([rows[0], rows[11]], [{ month: "Jan", total: 2028 }, { month: "Dec", total: 2028 }]);
  const drawn = Array.from({ length: 12 }, (_, at) => `\r${bar({ done: at + 1, of: 12 })}`);
  assertEquals(text, `${drawn.join("")}\n`);
});

Deno.test("The report is cancelled by its reader, and the work stops", async () => {
  await using server = await EmbeddedServer.start();
  const { stuck, sum, asked } = new StuckSum("Apr");
  await using broker = await serve(server, sum);
  const reader = new AbortController();
  let text = "";
  const print = (more: string) => void (text += more);
  const fetched = fetchReport(broker, 2025, { print, signal: reader.signal });
  const failed = assertRejects(() => fetched);
  const work = await within("the work must come to April", stuck);
  assert(!work.aborted);

  const reason = new Error("Enough");
  reader.abort(reason);
  assertStrictEquals(await failed, reason);
  await aborted(work);
  assertEquals(asked, ["Jan", "Feb", "Mar", "Apr"]);
  assert(text.endsWith("\n"), "what comes after the bar must begin on a line of its own");
});

Deno.test("The report stops its work when its reader's broker stops", async () => {
  await using server = await EmbeddedServer.start();
  const { stuck, sum, asked } = new StuckSum("Feb");
  await using _broker = await serve(server, sum);
  const reader = new NatsBroker(server.url, { logger: false });
  await reader.connect();
  const fetched = assertRejects(() => fetchReport(reader, 2025, { print: () => {} }));
  const work = await within("the work must come to February", stuck);
  await reader.stop({ timeout: 0 });
  await fetched;
  await aborted(work);
  assertEquals(asked, ["Jan", "Feb"]);
});

Deno.test("The report that fails on the way says so, after what it drew", async () => {
  await using server = await EmbeddedServer.start();
  await using broker = await serve(server, (_year, month) => {
    return month === "Mar" ? Promise.reject(new Error("the disk is full")) : Promise.resolve(1);
  });
  let text = "";
  const print = (more: string) => void (text += more);
  const error = await assertRejects(() => fetchReport(broker, 2025, { print }), RemoteError);
  assertEquals(error.code, 500);
  assertEquals(text, `\r${bar({ done: 1, of: 12 })}\r${bar({ done: 2, of: 12 })}\n`);
});

Deno.test("The report refuses what is no year", async () => {
  await using server = await EmbeddedServer.start();
  await using broker = await serve(server, () => Promise.resolve(1));
  const fetched = () => fetchReport(broker, NaN, { print: () => {} });
  const error = await assertRejects(fetched, RemoteError);
  assertEquals([error.code, error.data], [400, { year: "NaN" }]);
});

for (const isCancelled of [false, true]) {
  const how = isCancelled ? "is cancelled by Ctrl-C" : "runs to its end";
  Deno.test(`The report runs as a program, and ${how}`, async () => {
    const flags = ["--no-prompt", "--no-check", "--quiet", "--allow-net=127.0.0.1", "--allow-env"];
    const args = ["run", ...flags, program.href];
    const process = new Deno.Command(Deno.execPath(), {
      args,
      env: { NATS_URL: "", NO_COLOR: "1" },
      stdout: "piped",
    }).spawn();
    let text = "";
    for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
      const isFirst = text === "";
      text += chunk;
      if (isFirst && isCancelled) process.kill("SIGINT");
    }
    assertEquals((await process.status).code, 0);
    assert(text.startsWith(`\r${bar({ done: 1, of: 12 })}`), text);
    assert(text.endsWith(isCancelled ? "\nCancelled\n" : "\nDec 2093\n"), text);
    assertEquals(text.includes("100 %"), !isCancelled);
  });
}
