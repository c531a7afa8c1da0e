import { NatsBroker } from "@signalbox/nats";
import { jetstream } from "@signalbox/nats/jetstream";
import { Crashes } from "../../support/crashes.ts";
import { delay } from "../../support/delay.ts";
import { Workshop } from "../../support/jetstream/workshop.ts";
import { until } from "../../support/nats_server/until.ts";
import { meanwhile } from "../../support/within.ts";
import { type Random, seeded } from "../../unit/seeded_random.ts";
import { about } from "../chaos/plan.ts";
import { Hand } from "./hand.ts";
import type { PartitionPlan } from "./plan.ts";
import { orders, workOf } from "./work.ts";

/** The result of a run. */
export interface PartitionOutcome {
  /** All processes of the run. */
  readonly hands: readonly Hand[];
  readonly stored: number;
  readonly kills: number;
  readonly halts: number;
  readonly errors: readonly unknown[];
  readonly seconds: number;
}

/** The working processes; a new one replaces each that ends. */
class Shift implements AsyncDisposable {
  readonly all: Hand[] = [];
  kills = 0;
  halts = 0;
  readonly #url: string;
  readonly #plan: PartitionPlan;
  #working: Hand[] = [];

  constructor(url: string, plan: PartitionPlan) {
    this.#url = url;
    this.#plan = plan;
  }

  async start(): Promise<void> {
    const seed = this.#plan.seed * 1_000 + this.all.length;
    const hand = await Hand.start({ url: this.#url, seed, plan: this.#plan });
    this.all.push(hand);
    this.#working.push(hand);
  }

  /** Kills or halts, in turn, the process that has worked for the longest. */
  async strike(fault: number, random: Random): Promise<void> {
    const hand = this.#working.shift()!;
    if (fault % 2 === 0) {
      this.kills++;
      await hand.kill();
      return await this.start();
    }
    this.halts++;
    this.#working.push(hand);
    await hand.halt(about(this.#plan.halt, random));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((hand) => hand.kill()));
  }
}

/** Handles messages of many keys in processes that are killed and halted in turn. */
export async function runPartitions(url: string, plan: PartitionPlan): Promise<PartitionOutcome> {
  using crashes = new Crashes();
  await using broker = new NatsBroker(url, { logger: false });
  jetstream(broker, { streams: [orders] });
  await broker.start();
  await using shift = new Shift(url, plan);
  for (let count = 0; count < plan.processes; count++) await shift.start();
  const began = performance.now();
  const stored = new AbortController();
  const storing = meanwhile(() => storeAll(broker, plan).finally(() => stored.abort()));
  const errors: unknown[] = [];
  const random = seeded(plan.seed);
  try {
    for (let fault = 0; fault < plan.faults || !stored.signal.aborted; fault++) {
      await delay(about(plan.calm, random));
      await shift.strike(fault, random);
    }
    await storing;
    await settled(broker, plan);
  } catch (error) {
    errors.push(error);
  }
  const seconds = (performance.now() - began) / 1_000;
  await shift[Symbol.asyncDispose]();
  const count = await storing.catch((error) => (errors.push(error), 0));
  const { all: hands, kills, halts } = shift;
  return { hands, stored: count, kills, halts, errors: [...errors, ...crashes.found], seconds };
}

/** Stores the messages, and returns their number. */
async function storeAll(broker: NatsBroker, { keys, messages, pace }: PartitionPlan) {
  const shop = Workshop.of(broker);
  for (let n = 0; n < messages; n++) {
    const began = performance.now();
    await shop.storeAll(Array.from({ length: keys }, (_, key) => `orders.${key}`), () => n);
    await delay(Math.max(0, began + pace - performance.now()));
  }
  return keys * messages;
}

/** Resolves once no messages are left to handle. */
async function settled(broker: NatsBroker, plan: PartitionPlan): Promise<void> {
  const js = jetstream(broker);
  await until("all must be handled", async () => {
    if ((await js.lag(workOf(plan))).total === 0) return true;
    await delay(200);
  }, { timeout: plan.patience });
}
