import { NatsBroker } from "@signalbox/nats";
import { jetstream, NotFoundError } from "@signalbox/nats/jetstream";
import { Crashes } from "../../support/crashes.ts";
import { delay } from "../../support/delay.ts";
import { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import { until } from "../../support/nats_server/until.ts";
import { meanwhile, within } from "../../support/within.ts";
import { type Random, seeded } from "../../unit/seeded_random.ts";
import { about } from "../chaos/plan.ts";
import { Crew } from "./crew.ts";
import { type Account, readJournals } from "./journal.ts";
import { caughtUp, fail } from "./node_faults.ts";
import type { WorkPlan } from "./plan.ts";
import { OURS, type Published, type Side } from "./side.ts";
import { type Read, readAll } from "./reading.ts";
import { type Job, JOBS } from "./work.ts";
import { apiOf, type JetStreamApi, type StreamInfo } from "../../support/jetstream/internals.ts";

/** How long publishing may take once the last fault is over, in milliseconds. */
const PATIENCE = 120_000;
const LATE = 20_000;
/** A server that could not be asked to delete a reader's consumer does so by itself after half a minute. */
const FORGOTTEN = 45_000;

const NOTHING: Published = { stored: 0, failures: new Map() };

/** What came of a run. */
export interface WorkOutcome extends Published {
  readonly account: Account;
  readonly read: Read;
  /** The numbers of the dead letters, each as often as it is there, with the reason. */
  readonly dead: readonly { readonly n: number; readonly reason: string }[];
  readonly faults: number;
  readonly kills: number;
  readonly deaths: number;
  readonly failedStarts: number;
  /** Consumers that were not there when it began. */
  readonly leftBehind: readonly string[];
  readonly errors: readonly unknown[];
  readonly seconds: number;
}

/** What runs against the cluster, from the parent's side. */
class Stage implements AsyncDisposable {
  readonly cluster: NatsCluster;
  readonly broker: NatsBroker;
  readonly api: JetStreamApi;
  readonly journals: string;
  readonly #opened: AsyncDisposable;

  private constructor(
    { cluster, broker, api, journals }: Pick<Stage, "cluster" | "broker" | "api" | "journals">,
    opened: AsyncDisposable,
  ) {
    this.cluster = cluster;
    this.broker = broker;
    this.api = api;
    this.journals = journals;
    this.#opened = opened;
  }

  static async open(): Promise<Stage> {
    await using opening = new AsyncDisposableStack();
    const journals = await Deno.makeTempDir({ prefix: "journals_" });
    opening.defer(() => Deno.remove(journals, { recursive: true }));
    const cluster = opening.use(await NatsCluster.start(3, { jetstream: true, isCuttable: true }));
    const reconnect = { minDelay: 50, maxDelay: 500 };
    const broker = new NatsBroker(cluster.urls, { reconnect, pingInterval: "2s", logger: false });
    opening.defer(() => broker.stop({ timeout: 5_000 }));
    const api = apiOf(broker);
    await broker.connect();
    await until("JetStream must have a leader", async () => {
      const asked = api.call("INFO", undefined, { timeout: 1_000 });
      return await asked.then(() => true, () => false);
    }, { timeout: 30_000 });
    jetstream(broker, { streams: [JOBS] });
    await broker.start();
    return new Stage({ cluster, broker, api, journals }, opening.move());
  }

  stream(name: string): Promise<StreamInfo> {
    return this.api.call<StreamInfo>(`STREAM.INFO.${name}`, undefined, { timeout: 2_000 });
  }

  async consumers(): Promise<string[]> {
    const names: string[] = [];
    for (const stream of ["JOBS", "JOBS_DEAD"]) {
      const answer = await this.api.call<{ consumers: string[] | null }>(
        `CONSUMER.NAMES.${stream}`,
        {},
        { timeout: 20_000 },
      ).catch(ifNone({ consumers: [] }));
      for (const name of answer.consumers ?? []) names.push(`${stream}.${name}`);
    }
    return names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** Publishes and works while nodes fail and workers are killed, in turn. */
export async function runWork(plan: WorkPlan, side: Side = OURS): Promise<WorkOutcome> {
  using crashes = new Crashes();
  const random = seeded(plan.seed);
  await using stage = await Stage.open();
  const js = jetstream(stage.broker);
  await using crew = await Crew.start(plan.workers, workers(stage, plan, side));
  const before = await stage.consumers();
  const over = new AbortController();
  const began = performance.now();
  const reading = meanwhile(() => readAll(js, plan.messages, over.signal));
  const published = new AbortController();
  const storing = meanwhile(() => side.publish(stage, plan).finally(() => published.abort()));
  const killing = meanwhile(() => endWorkers(crew, plan, published.signal, seeded(plan.seed + 1)));
  const errors: unknown[] = [];
  const faults = await failNodes(stage, plan, published.signal, random)
    .catch((error) => (errors.push(error), 0));
  const sent = await within("all must be stored", storing, PATIENCE)
    .catch((error) => (errors.push(error), NOTHING));
  await killing;
  await settled(stage, plan.patience).catch((error) => errors.push(error));
  const seconds = (performance.now() - began) / 1_000;
  // a reader that has not got everything by then will not
  const late = setTimeout(() => over.abort(), LATE);
  const read = await reading;
  clearTimeout(late);
  await crew[Symbol.asyncDispose]();
  const leftBehind = await leftOf(stage, before);
  return {
    account: await readJournals(stage.journals),
    read,
    dead: await deadLetters(js),
    ...sent,
    faults,
    kills: crew.kills,
    deaths: crew.deaths,
    failedStarts: crew.failedStarts,
    leftBehind,
    errors: [...errors, ...crashes.found],
    seconds,
  };
}

function workers({ cluster, journals }: Stage, plan: WorkPlan, side: Side) {
  let started = 0;
  return (worker: number) => {
    // each begins at a node of its own
    const servers = cluster.urls.map((_, at) => cluster.urls[(at + worker) % cluster.urls.length]!);
    const journal = `${journals}/${started++}`;
    return side.work({ servers, journal, plan });
  };
}

async function failNodes(
  stage: Stage,
  plan: WorkPlan,
  published: AbortSignal,
  random: Random,
): Promise<number> {
  let fault = 0;
  for (; fault < plan.faults || !published.aborted; fault++) {
    await delay(about(plan.calm, random));
    await fail(stage.cluster, fault, about(plan.outage, random));
    await caughtUp(() => stage.stream("JOBS"));
  }
  return fault;
}

/** Three of four are killed; the fourth is told to end. */
async function endWorkers(
  crew: Crew,
  { workers, workerCalm }: WorkPlan,
  published: AbortSignal,
  random: Random,
): Promise<void> {
  for (let turn = 0; !published.aborted; turn++) {
    await delay(about(workerCalm, random));
    await crew.end(turn % workers, turn % 4 === 3 ? "SIGTERM" : "SIGKILL");
  }
}

/** Resolves once nothing is left to be handled. */
async function settled({ api }: Stage, timeout: number): Promise<void> {
  await until("all must be handled", async () => {
    const subject = "CONSUMER.INFO.JOBS.work";
    const info = await api.call<{ num_pending: number; num_ack_pending: number }>(
      subject,
      undefined,
      {
        timeout: 2_000,
      },
    ).catch(() => undefined);
    if (info?.num_pending === 0 && info.num_ack_pending === 0) return true;
    await delay(200);
  }, { timeout });
}

/** A value in place of the error that there is no such stream. */
function ifNone<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof NotFoundError) return value;
    throw error;
  };
}

/** The consumers that were not there before, and stay. */
async function leftOf(stage: Stage, before: readonly string[]): Promise<string[]> {
  const limit = performance.now() + FORGOTTEN;
  for (;;) {
    const left = (await stage.consumers()).filter((name) => !before.includes(name));
    if (left.length === 0 || performance.now() > limit) return left;
    await delay(500);
  }
}

async function deadLetters(js: ReturnType<typeof jetstream>): Promise<WorkOutcome["dead"]> {
  const dead: { n: number; reason: string }[] = [];
  // others have no stream of dead letters
  const isThere = await js.info("JOBS_DEAD").then(() => true, ifNone(false));
  if (!isThere) return dead;
  for await (const { body, reason } of js.deadLetters(JOBS)) {
    dead.push({ n: (body as Job).n, reason });
  }
  return dead;
}
