import { MessageHeaders } from "../message/headers.ts";
import type { RawMessage } from "../message/raw_message.ts";

/** So many messages may be refused one after the other before a link cannot go on. */
const MOST_REFUSALS = 16;
/** After so long without a refusal, in milliseconds, they are counted anew. */
const CALM = 5_000;

/** Where a message found nobody, as a server of version 2.12 or later says it; `undefined` where it is not said. */
export function silentSubject({ headerBlock }: RawMessage): string | undefined {
  return headerBlock && MessageHeaders.parse(headerBlock).get("Nats-Subject");
}

/**
 * What the server refuses to send. A side that may send so many messages to each address loses single ones where
 * somebody else has used up an address, and goes on as after any loss; else a refusal is for good.
 */
export class Refusals {
  readonly #isLossy: boolean;
  #count = 0;
  #last = -Infinity;

  constructor(isLossy: boolean) {
    this.#isLossy = isLossy;
  }

  /** Whether a link can go on after one more. */
  isBearable(now: number): boolean {
    if (now - this.#last > CALM) this.#count = 0;
    this.#last = now;
    return this.#isLossy && ++this.#count <= MOST_REFUSALS;
  }
}
