import { delay } from "../../support/delay.ts";
import { pace } from "./pace.ts";
import type { Plan } from "./plan.ts";
import type { Sender } from "./sender.ts";
import { WORK } from "./service.ts";

/** Milliseconds that a request may take beyond its timeout. */
const TOLERANCE = 2_500;

/** Asks at a rate, without waiting for the answers, and keeps what became of each request. */
export class Asking {
  readonly #sender: Sender;
  readonly #plan: Plan;
  readonly #open = new Set<Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #forsaken = new Set<number>();
  #asked = 0;
  #answered = 0;
  #late = 0;

  constructor(sender: Sender, plan: Plan) {
    this.#sender = sender;
    this.#plan = plan;
  }

  get asked(): number {
    return this.#asked;
  }

  get answered(): number {
    return this.#answered;
  }

  /** How many failed, by the name of their error. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  /** Those that were made and given up in one outage, which must never be sent. */
  get forsaken(): ReadonlySet<number> {
    return this.#forsaken;
  }

  /** How many settled after their time. */
  get late(): number {
    return this.#late;
  }

  /** How many have not settled yet. */
  get hung(): number {
    return this.#open.size;
  }

  /** Goes on until the signal aborts, and then for as long as any request may take. */
  async run(over: AbortSignal): Promise<void> {
    await pace(this.#plan.asks, over, (number) => this.#begin(number));
    const last = performance.now() + this.#plan.timeout + TOLERANCE;
    while (this.#open.size > 0 && performance.now() < last) await delay(5);
  }

  #begin(number: number): void {
    this.#asked++;
    const asked = this.#ask(number).finally(() => this.#open.delete(asked));
    this.#open.add(asked);
  }

  async #ask(number: number): Promise<void> {
    const { timeout } = this.#plan;
    const { isDown, broker, breaks: { length: outage } } = this.#sender;
    const asked = performance.now();
    try {
      const { body } = await broker.request(WORK, number, { timeout });
      if (body === number) this.#answered++;
      else this.#fail("the answer of another request");
    } catch (error) {
      this.#fail((error as Error).name);
      const isStillDown = this.#sender.isDown && this.#sender.breaks.length === outage;
      if (isDown && isStillDown) this.#forsaken.add(number);
    }
    if (performance.now() - asked > timeout + TOLERANCE) this.#late++;
  }

  #fail(name: string): void {
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }
}
