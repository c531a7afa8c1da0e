import type { JetStream } from "@signalbox/nats/jetstream";
import { delay } from "../../support/delay.ts";
import type { WorkPlan } from "./plan.ts";

/** How long one try may take; then it is published once more under the same id. */
const TIMEOUT = "20s";
const TICK = 20;

/** Publishes numbered messages at a steady rate, each until it is stored. */
export class StoredPublishing {
  readonly #js: JetStream;
  readonly #plan: WorkPlan;
  /** How often each error was thrown, by its name. */
  readonly failures = new Map<string, number>();
  stored = 0;
  /** How many were known to the stream by the time that it said so. */
  duplicates = 0;

  constructor(js: JetStream, plan: WorkPlan) {
    this.#js = js;
    this.#plan = plan;
  }

  /** Resolves once all are stored. */
  async run(): Promise<void> {
    const { messages, rate, atOnce } = this.#plan;
    const under = new Set<Promise<void>>();
    const began = performance.now();
    for (let n = 0; n < messages;) {
      const due = Math.min(messages, (performance.now() - began) * rate / 1_000);
      while (n < due && under.size < atOnce) {
        const stored = this.#store(n++).finally(() => under.delete(stored));
        under.add(stored);
      }
      await delay(TICK);
    }
    await Promise.all(under);
  }

  async #store(n: number): Promise<void> {
    for (;;) {
      try {
        const { duplicate } = await this.#js.publish(`jobs.${n}`, { n }, {
          id: `job-${n}`,
          timeout: TIMEOUT,
        });
        this.stored++;
        if (duplicate) this.duplicates++;
        return;
      } catch (error) {
        const { name } = error as Error;
        this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      }
    }
  }
}
