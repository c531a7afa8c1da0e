import type { Bounds } from "../queue.ts";
import type { Exchange } from "./exchange.ts";

/** How many refusals a middleware may hold at a time; the bytes are those of the refused messages. */
const MOST_REFUSALS: Bounds = { messages: 256, bytes: 1_048_576 };

/** Answers that a middleware has not passed on yet. */
export class Telling {
  readonly #told = new Map<Exchange, Promise<void>>();
  #refusals = 0;
  #bytes = 0;

  /** The exchanges of these answers. */
  get exchanges(): readonly Exchange[] {
    return [...this.#told.keys()];
  }

  /** Resolves once the exchange's answer has left; `undefined` if no middleware holds it. */
  of(exchange: Exchange): Promise<void> | undefined {
    return this.#told.get(exchange);
  }

  /** Whether a middleware may hold one more refusal. Nothing else limits them, as a refused message takes no place. */
  get hasRoom(): boolean {
    return this.#refusals < MOST_REFUSALS.messages && this.#bytes < MOST_REFUSALS.bytes;
  }

  /** Notes that a middleware holds the answer until `sent` settles. */
  add(exchange: Exchange, sent: PromiseLike<unknown>): Promise<void> {
    if (exchange.isRefused) this.#count(exchange, 1);
    const told = Promise.resolve(sent).then(() => {}).finally(() => {
      this.#told.delete(exchange);
      if (exchange.isRefused) this.#count(exchange, -1);
    });
    this.#told.set(exchange, told);
    return told;
  }

  #count({ size, message }: Exchange, change: 1 | -1): void {
    this.#refusals += change;
    this.#bytes += change * size;
    // copy it, as the count excludes other messages in the same chunk
    if (change > 0) message.detach();
  }
}
