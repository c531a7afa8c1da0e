import { asError } from "../../legible.ts";
import type { Invocation, Outcome } from "../../door/mod.ts";
import { isPowerOfTen } from "../../events.ts";
import { LimitError } from "../api/errors.ts";
import type { AckKeeper } from "./ack_keeper.ts";
import { term } from "./ack_words.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import type { ConsumerServer } from "./consumer_server.ts";
import { type DeadWriter, type Death, isUnfit } from "./dead_writer.ts";
import type { LongRetries } from "./long_retries.ts";
import { delayAfter, Reject, Retry } from "./outcomes.ts";
import type { Held } from "./stored_delivery.ts";
import { Unburied } from "./unburied.ts";

/** How long a message waits that found no room, in milliseconds. */
const NO_ROOM = 1_000;

/** What settling needs of its consumer. */
export interface SettlementOwner {
  /** Between 0 and 1. */
  readonly random: () => number;
  /** Milliseconds, by the clock. */
  readonly now: () => number;
  /** The message is no concern of ours any more; it comes again after `delay` milliseconds, if that is given. */
  released(held: Held, delay?: number): void;
  report(error: Error, invocation?: Invocation): void;
}

/** Makes an acknowledgement of each outcome, a dead letter, or another attempt. */
export class Settlement {
  readonly #settings: ConsumerSettings;
  readonly #keeper: AckKeeper;
  readonly #dead: DeadWriter | undefined;
  readonly #retries: LongRetries;
  readonly #owner: SettlementOwner;
  readonly #unburied = new Unburied();
  /** How many jobs could not be moved because their stream was full. */
  #full = 0;

  constructor(
    settings: ConsumerSettings,
    keeper: AckKeeper,
    { deadWriter, retries }: Pick<ConsumerServer, "deadWriter" | "retries">,
    owner: SettlementOwner,
  ) {
    this.#settings = settings;
    this.#keeper = keeper;
    this.#dead = deadWriter;
    this.#retries = retries;
    this.#owner = owner;
  }

  /** Settles a message; returns a promise if that takes more than to tell it. */
  settle(held: Held, outcome: Outcome, invocation?: Invocation): void | Promise<void> {
    if (this.#settings.isBefore) return this.#settleKnown(held, outcome, invocation);
    if (held.isSettled) {
      // it has ended although the broker gave it back
      if (outcome.kind === "done") this.#keeper.done(held);
      return;
    }
    // another process must not run what is a dead letter in a moment
    if (held.isGivenUp && outcome.kind === "refused") return;
    if (outcome.kind === "done") return this.done(held);
    if (outcome.kind === "failed") return this.failed(held, outcome.error, invocation);
    this.giveBack(held, outcome.reason === "stopping" ? 0 : NO_ROOM);
  }

  /** Settles the messages of a batch. */
  settleBatch(
    batch: readonly Held[],
    outcome: Outcome,
    invocation: Invocation,
  ): Promise<unknown> | undefined {
    const settled = batch.map((held) => this.#settleInBatch(held, outcome, invocation));
    const waits = settled.filter((each) => each !== undefined);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  /** Settles a message of a batch; the handler's verdict on this message takes precedence over the outcome of the batch. */
  #settleInBatch(held: Held, outcome: Outcome, invocation: Invocation): void | Promise<void> {
    // its dead letter or its next attempt is already being stored
    if (held.isGivenUp) return;
    const { verdict } = held;
    if (!verdict || held.isSettled || outcome.kind === "refused" || this.#settings.isBefore) {
      return held.isSettled ? undefined : this.settle(held, outcome, invocation);
    }
    return this.failed(held, verdict, invocation);
  }

  /** It is done. */
  done(held: Held): void | Promise<void> {
    if (!this.#settings.confirm) {
      this.#keeper.done(held);
      return this.#release(held);
    }
    return this.#keeper.finished(held).then(() => this.#release(held));
  }

  /** It goes back to the server, for any process that is free. */
  giveBack(held: Held, delay: number): void {
    this.#keeper.again(held, delay);
    this.#release(held, delay);
  }

  /** It has failed: it is tried again, or given up. */
  failed(held: Held, thrown: unknown, invocation?: Invocation): void | Promise<void> {
    const error = asError(thrown);
    if (error instanceof Reject) return this.bury(held, { reason: "rejected", error }, invocation);
    if (isUnfit(error)) return this.bury(held, { reason: "unfit", error }, invocation);
    const { retry } = this.#settings;
    if (!(error instanceof Retry)) this.#owner.report(error, invocation);
    if (held.attempt >= retry.attempts) {
      return this.bury(held, { reason: "failed", error }, invocation);
    }
    const named = error instanceof Retry ? error.after : undefined;
    const delay = named ?? delayAfter(held.attempt, retry, this.#owner.random);
    const isLong = this.#retries.takes(held, delay, named !== undefined);
    return isLong ? this.#postpone(held, delay) : this.giveBack(held, delay);
  }

  /**
   * Moves a delivered message off its own subject: stores it as an own message and acknowledges it, so that the server
   * delivers it again as the same attempt. For unique jobs, whose subject becomes free when a handler takes them. Resolves
   * with `false` if the stream was full; the message is then still held.
   */
  async move(held: Held): Promise<boolean> {
    held.isGivenUp = true;
    try {
      await this.#retries.store.now(held);
      // if the server still delivers it again, `LongRetries.check()` finds the message that replaces it
      await this.#keeper.finished(held);
      this.#release(held);
    } catch (error) {
      const isFull = error instanceof LimitError;
      if (!isFull || isPowerOfTen(++this.#full)) this.#owner.report(asError(error));
      if (!isFull) this.giveBack(held, NO_ROOM);
      else held.isGivenUp = false;
      return !isFull;
    }
    return true;
  }

  #postpone(held: Held, delay: number): Promise<void> {
    return this.replace(held, delay, () => this.#retries.store.later(held, delay));
  }

  /**
   * Stores the replacement of a message and acknowledges the message; if the replacement cannot be stored, the message
   * itself comes again after `delay`.
   */
  async replace(held: Held, delay: number, store: () => Promise<void>): Promise<void> {
    const { now } = this.#owner;
    const due = now() + delay;
    held.isGivenUp = true;
    try {
      await store();
      // if the server still delivers it again, `LongRetries.check()` finds the message that replaces it
      await this.#keeper.finished(held);
      this.#release(held, Math.max(0, due - now()));
    } catch (error) {
      this.#owner.report(asError(error));
      this.giveBack(held, Math.max(0, due - now()));
    }
  }

  /** Why a message is to be given up before its handler begins, if it is. */
  deathOf(held: Held): Death | undefined {
    const { isBefore, retry: { attempts } } = this.#settings;
    const before = this.#unburied.deathOf(held);
    if (before || isBefore || held.attempt <= attempts) return before;
    const error = new Error(`${attempts} deliveries, and nobody said what became of it`);
    return { reason: "lost", error };
  }

  /** It is given up: it becomes a dead letter, and if none can be stored now, it comes again. */
  bury(held: Held, death: Death, invocation?: Invocation): void | Promise<void> {
    held.isGivenUp = true;
    this.#owner.report(givenUp(held, death), invocation);
    if (this.#dead) return this.#store(this.#dead, held, death);
    this.#keeper.over(held, term(death.error.message));
    this.#release(held);
  }

  async #store(dead: DeadWriter, held: Held, death: Death): Promise<void> {
    try {
      await dead.write(held, death);
      // if it is delivered again all the same, its dead letter is found
      await this.#keeper.finished(held);
      this.#unburied.forget(held);
      this.#release(held);
    } catch (error) {
      this.#owner.report(asError(error));
      this.giveBack(held, this.#unburied.note(held, death));
    }
  }

  /** The server has forgotten it before its handler began. */
  #settleKnown(held: Held, outcome: Outcome, invocation: Invocation | undefined): void {
    if (held.isSettled) return;
    if (outcome.kind === "failed") this.#owner.report(asError(outcome.error), invocation);
    // no handler has begun, and nothing was acknowledged
    if (outcome.kind === "refused" && !held.invocation) {
      return this.giveBack(held, outcome.reason === "stopping" ? 0 : NO_ROOM);
    }
    this.#release(held);
  }

  #release(held: Held, delay?: number): void {
    held.isSettled = true;
    this.#owner.released(held, delay);
  }
}

function givenUp(
  { origin: { stream, seq }, attempt }: Held,
  { reason, error: cause }: Death,
): Error {
  const rules = {
    failed: `its handler must succeed within ${attempt} attempts`,
    rejected: "its handler must accept it",
    unfit: "its body must be fit for the handler",
    lost: "its handler must end",
  };
  const sentence = `Cannot handle ${stream}:${seq} as ${rules[reason]}: ${cause.message}`;
  return new Error(sentence, { cause });
}
