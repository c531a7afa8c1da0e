/**
 * Opens sessions over which nothing is said, and tells what they cost: bytes for each end, and, while nothing happens,
 * messages over the wire and time of the processor. The side that serves them is in the same process, or with `--apart`
 * in one of its own, so that only the side that opens is measured.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/bench/idle_sessions.ts [--sessions 10000] [--apart]
 * ```
 *
 * @module
 */
import process from "node:process";
import { NatsBroker, type Session } from "../../mod.ts";
import { type Footprint, footprint } from "../soak/footprint.ts";
import { readOptions } from "../soak/options.ts";
import { WorkerProcess } from "../soak/worker_process.ts";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { serveIdle, SUBJECT } from "./idle_service.ts";

/** So many are being opened at a time. */
const AT_ONCE = 100;
/** After so many milliseconds of silence, sessions ask for a sign of life as seldom as they ever do. */
const QUIET = 20_000;
/** For so many milliseconds it is counted what they say then. */
const COUNTED = 30_000;
const MIB = 1_048_576;

interface Plan {
  readonly sessions: number;
  /** Whether they are served by another process. */
  readonly isApart: boolean;
}

async function measure({ sessions, isApart }: Plan): Promise<void> {
  await using server = await NatsServer.start();
  await using _service = await serve(server.url, isApart);
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.start();
  // what is made once, and code that is compiled, is not what a session costs
  for (const session of await openAll(broker, AT_ONCE)) await session.close();
  const before = footprint();
  const began = performance.now();
  const opened = await openAll(broker, sessions);
  const took = performance.now() - began;
  await delay(QUIET);
  const ends = isApart ? sessions : 2 * sessions;
  console.log(
    `${sessions} sessions, ${isApart ? "one end" : "both ends"} of each in this process, ` +
      `opened in ${Math.round(took)} ms`,
  );
  console.log(memoryOf(before, footprint(), ends));
  console.log(await idleOf(server));
  if (opened.some(({ state }) => state !== "open")) {
    throw new Error("Cannot measure idle sessions as all of them must stay open: one did not");
  }
}

function serve(url: string, isApart: boolean): Promise<AsyncDisposable> {
  const program = new URL("idle_service.ts", import.meta.url);
  return isApart ? WorkerProcess.start(url, program) : serveIdle(url);
}

/** Opens so many, some at a time. */
export async function openAll(broker: NatsBroker, sessions: number): Promise<readonly Session[]> {
  const opened: Session[] = [];
  while (opened.length < sessions) {
    const left = Math.min(AT_ONCE, sessions - opened.length);
    const opening = Array.from({ length: left }, () => broker.openSession(SUBJECT));
    opened.push(...await Promise.all(opening));
  }
  return opened;
}

function memoryOf(before: Footprint, after: Footprint, ends: number): string {
  const each = (kind: keyof Footprint) => Math.round((after[kind] - before[kind]) / ends);
  const total = Math.round(after.rss / MIB);
  return `for each end: ${each("held")} bytes held, ${each("rss")} resident, ${total} MiB in all`;
}

/** What goes over the wire, and how much of a core this process takes. */
async function idleOf(server: NatsServer): Promise<string> {
  const began = performance.now();
  const [first, used] = [await messages(server), process.cpuUsage()];
  await delay(COUNTED);
  const [last, { user, system }] = [await messages(server), process.cpuUsage(used)];
  const seconds = (performance.now() - began) / 1_000;
  const rate = Math.round((last - first) / seconds);
  const share = ((user + system) / 1e6 / seconds * 100).toFixed(1);
  return `idle: ${rate} messages a second to the server, ${share} % of a core in this process`;
}

async function messages(server: NatsServer): Promise<number> {
  const { in_msgs } = await server.monitor("/varz");
  return in_msgs;
}

if (import.meta.main) {
  const isApart = Deno.args.includes("--apart");
  const args = Deno.args.filter((argument) => argument !== "--apart");
  await measure({ ...readOptions(args, { sessions: 10_000 }), isApart });
}
