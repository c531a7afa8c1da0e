import { type Clock, platformClock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { NextOptions } from "../inbox/inbox.ts";
import { checkOptions, count as wholeCount, limit, milliseconds, signal } from "../options.ts";

/** Counts handled messages, and lets programs wait for a count. */
export class HandledCount {
  readonly #waiting = new Set<() => unknown>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#count++;
    for (const look of this.#waiting) look();
  }

  /** Resolves once so many messages were handled; rejects at its timeout, 5 000 ms by default, and with its signal. */
  async reach(
    count: number,
    options: NextOptions,
    subject: string,
    clock: Clock | undefined,
  ): Promise<void> {
    checkOptions("wait for messages", { count }, { count: wholeCount });
    checkOptions("wait for messages", options, { timeout: limit(milliseconds), signal });
    const { timeout = 5_000 } = options;
    const patience = {
      ...options,
      clock: clock ?? platformClock,
      timeout: timeout === Infinity ? undefined : timeout,
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.#count >= count && resolve();
    this.#waiting.add(look);
    look();
    try {
      const messages = count === 1 ? "1 message" : `${count} messages`;
      await within(promise, patience, `see ${messages} handled`, subject);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
