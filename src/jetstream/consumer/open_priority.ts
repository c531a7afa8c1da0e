import type { Invocation, OpenSource, Outcome } from "../../door/mod.ts";
import type { OpenConsumer } from "./open_consumer.ts";
import type { Held } from "./stored_delivery.ts";
import type { Turns } from "./turns.ts";

/** Several open consumers under one handler; each message is settled by its own consumer. */
export class OpenPriority implements OpenSource {
  readonly timeout: number;
  readonly #consumers: readonly OpenConsumer[];
  readonly #turns: Turns;

  constructor(consumers: readonly OpenConsumer[], turns: Turns) {
    this.#consumers = consumers;
    this.#turns = turns;
    this.timeout = Math.max(...consumers.map(({ timeout }) => timeout));
  }

  get isRefused(): boolean {
    return this.#consumers.some(({ isRefused }) => isRefused);
  }

  async ready(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.ready()));
    this.#turns.open();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }

  cancel(): void {
    for (const consumer of this.#consumers) consumer.cancel();
  }

  freed(free: number): void {
    for (const consumer of this.#consumers) consumer.freed(free);
  }

  admit(invocation: Invocation): unknown {
    const consumer = this.#consumerOf(invocation);
    invocation.limit(consumer.timeout);
    return consumer.admit(invocation);
  }

  settle(invocation: Invocation, outcome: Outcome): unknown {
    return this.#consumerOf(invocation).settle(invocation, outcome);
  }

  #consumerOf({ origin }: Invocation): OpenConsumer {
    const { supply } = (origin as Held).receipt;
    return this.#consumers.find((consumer) => consumer.isFrom(supply))!;
  }
}
