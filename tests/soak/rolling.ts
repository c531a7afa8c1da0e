import { NatsBroker } from "@signalbox/nats";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { seeded } from "../unit/seeded_random.ts";
import { Load } from "./load.ts";
import { WorkerProcess } from "./worker_process.ts";

/** How a queue group is restarted under load. */
export interface RollingOptions {
  readonly seconds: number;
  readonly rate: number;
  readonly workers: number;
  readonly signal: "SIGTERM" | "SIGKILL";
  readonly seed: number;
  /** Milliseconds each request may take. */
  readonly timeout: number;
  /** How often each worker is restarted. */
  readonly rounds: number;
}

/** What became of the requests. */
export interface RollingResult {
  readonly sent: number;
  readonly answered: number;
  /** By the name of the error. */
  readonly failed: Readonly<Record<string, number>>;
  /** How many of those failed after their time. */
  readonly late: number;
  readonly restarts: number;
  /** How many workers did not end as they were told to. */
  readonly unclean: number;
  /** Requests a second that were sent, and that were answered. */
  readonly offered: number;
  readonly achieved: number;
  /** Milliseconds from when a request was due. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest that a request was sent after it was due, in milliseconds. */
  readonly lag: number;
}

/** Restarts each worker of a queue group in turn, while requests come at a steady rate. */
export async function rollingRestart(options: RollingOptions): Promise<RollingResult> {
  await using server = await NatsServer.start();
  await using group = new AsyncDisposableStack();
  const workers = await Promise.all(
    Array.from({ length: options.workers }, () => WorkerProcess.start(server.url)),
  );
  group.defer(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  });
  await using broker = new NatsBroker(server.url);
  await broker.start();
  const load = new Load(broker, { ...options, random: seeded(options.seed) });
  const loaded = load.run();
  try {
    const unclean = await restartInTurn(workers, server.url, options);
    load.end();
    return resultOf(load, await loaded, options, unclean);
  } finally {
    load.end();
    await loaded;
  }
}

/** Gives the number of those that did not end as they were told to. */
async function restartInTurn(
  workers: WorkerProcess[],
  url: string,
  { seconds, rounds, signal }: RollingOptions,
): Promise<number> {
  const restarts = workers.length * rounds;
  const began = performance.now();
  const moment = (at: number) => began + at * seconds * 1_000 / (restarts + 1);
  let unclean = 0;
  for (let at = 0; at < restarts; at++) {
    await delay(Math.max(0, moment(at + 1) - performance.now()));
    const index = at % workers.length;
    const ending = await workers[index]!.end(signal);
    if (signal === "SIGTERM" ? ending.code !== 0 : ending.signal !== signal) unclean++;
    workers[index] = await WorkerProcess.start(url);
  }
  await delay(Math.max(0, moment(restarts + 1) - performance.now()));
  return unclean;
}

function resultOf(
  load: Load,
  seconds: number,
  { workers, rounds }: RollingOptions,
  unclean: number,
): RollingResult {
  const { sent, late, lag, failures } = load;
  const sorted = load.latencies.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return {
    sent,
    answered: sorted.length,
    failed: Object.fromEntries(failures),
    late,
    restarts: workers * rounds,
    unclean,
    offered: sent / seconds,
    achieved: sorted.length / seconds,
    latency: { p50: at(0.5), p99: at(0.99), max: at(1) },
    lag,
  };
}

const TYPED = ["TimeoutError", "NoRespondersError", "RemoteError", "ConnectionError"];

/** What was promised and did not hold; empty if all of it did. */
export function broken(result: RollingResult, { signal, rate }: RollingOptions): string[] {
  const { sent, answered, failed, late, unclean, offered } = result;
  const names = Object.keys(failed);
  const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
  const found: string[] = [];
  if (answered + failures !== sent) found.push("a request had no outcome");
  if (signal === "SIGTERM" && failures > 0) found.push("a request failed");
  if (names.some((name) => !TYPED.includes(name))) found.push("a request failed without a type");
  if (late > 0) found.push("a request failed after its time");
  if (unclean > 0) found.push("a worker did not end as it was told to");
  if (offered < rate * 0.95) found.push("the requests fell behind their rate");
  return found;
}
