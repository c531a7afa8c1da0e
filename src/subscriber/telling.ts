import type { Bounds } from "../backlog.ts";
import type { Exchange } from "./exchange.ts";

/** What a middleware may have of refusals at a time; the bytes are those of the messages that they refuse. */
const MOST_REFUSALS: Bounds = { messages: 256, bytes: 1_048_576 };

/** Answers that a middleware has, and has not let go. */
export class Telling {
  readonly #told = new Map<Exchange, Promise<void>>();
  #refusals = 0;
  #bytes = 0;

  /** Whose answers they are. */
  get exchanges(): readonly Exchange[] {
    return [...this.#told.keys()];
  }

  /** Resolves once its answer has left; `undefined` where no middleware has it. */
  of(exchange: Exchange): Promise<void> | undefined {
    return this.#told.get(exchange);
  }

  /**
   * Whether a middleware may have one more refusal. Nothing else bounds how many there are: whoever is refused takes no
   * place.
   */
  get hasRoom(): boolean {
    return this.#refusals < MOST_REFUSALS.messages && this.#bytes < MOST_REFUSALS.bytes;
  }

  /** A middleware has the answer until this settles. */
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
    // what was read from the socket together with it is not counted
    if (change > 0) message.outlast();
  }
}
