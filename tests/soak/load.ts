import type { NatsBroker } from "@signalbox/nats";
import { delay } from "../support/delay.ts";
import type { Random } from "../unit/seeded_random.ts";
import type { Work } from "./worker.ts";

/** How much is asked of the workers. */
export interface LoadOptions {
  /** Requests a second; they are due at their times, whatever became of those before. */
  readonly rate: number;
  /** Milliseconds each may take. */
  readonly timeout: number;
  readonly random: Random;
}

// A timeout is looked at by a sweep, and by a process that has other things to do as well.
const TOLERANCE = 500;

/** Requests at a steady rate, and what became of each. */
export class Load {
  readonly #broker: NatsBroker;
  readonly #options: LoadOptions;
  readonly #latencies: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #late = 0;
  #lag = 0;
  #ended = false;

  constructor(broker: NatsBroker, options: LoadOptions) {
    this.#broker = broker;
    this.#options = options;
  }

  get sent(): number {
    return this.#sent;
  }

  /** How long each answer took from when its request was due, in milliseconds. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  /** How many failed, by the name of their error. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  /** How many failed after their time. */
  get late(): number {
    return this.#late;
  }

  /** The longest that a request was sent after it was due, in milliseconds. */
  get lag(): number {
    return this.#lag;
  }

  /** Sends what is due until `end` is called; then waits for what is open, and gives the seconds it sent. */
  async run(): Promise<number> {
    const began = performance.now();
    const apart = 1_000 / this.#options.rate;
    while (!this.#ended) {
      const now = performance.now();
      for (let due; (due = began + this.#sent * apart) <= now;) this.#send(due, now);
      await delay(1);
    }
    const seconds = (performance.now() - began) / 1_000;
    await Promise.all(this.#open);
    return seconds;
  }

  end(): void {
    this.#ended = true;
  }

  #send(due: number, now: number): void {
    this.#lag = Math.max(this.#lag, now - due);
    const asked = this.#ask(this.#sent++, due).finally(() => this.#open.delete(asked));
    this.#open.add(asked);
  }

  async #ask(n: number, due: number): Promise<void> {
    const { timeout, random } = this.#options;
    const waits = random(2) === 1;
    const work: Work = { n, wait: waits ? 1 + random(20) : 0 };
    const asked = performance.now();
    try {
      const { body } = await this.#broker.request(waits ? "work.later" : "work.now", work, {
        timeout,
      });
      if (body === n) this.#latencies.push(performance.now() - due);
      else this.#fail("the answer of another request");
    } catch (error) {
      this.#fail((error as Error)?.name ?? String(error));
      if (performance.now() - asked > timeout + TOLERANCE) this.#late++;
    }
  }

  #fail(name: string): void {
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }
}
