import { afterTurn, platformClock } from "../../clock.ts";
import type { Congestion } from "./congestion.ts";
import { Parser } from "./parser.ts";
import type { ProtocolHandler } from "./protocol.ts";

/** How long a line may be, in bytes, as in nats-server. */
const MAX_CONTROL_LINE = 4096;
/**
 * For how long to process a chunk before other clients get their turn, in milliseconds: one chunk can cause minutes of
 * work.
 */
const TURN = 20;

/** The receiving side of a client: reads what arrives, in turns. */
export class Reading {
  readonly #parser: Parser;
  readonly #congestion: Congestion;

  constructor(handler: ProtocolHandler, congestion: Congestion) {
    this.#parser = new Parser(handler, MAX_CONTROL_LINE);
    this.#congestion = congestion;
  }

  /** Reads a chunk; settles once all is read and no consumer is behind; `undefined` if that is so at once. */
  receive(bytes: Uint8Array): Promise<void> | undefined {
    const at = this.#parser.parse(bytes, 0, platformClock.now() + TURN);
    if (at < bytes.length) return this.#goOn(bytes, at);
    return this.#congestion.relief();
  }

  /** Ignores everything from now on. */
  stop(): void {
    this.#parser.stop();
  }

  async #goOn(bytes: Uint8Array, from: number): Promise<void> {
    for (let at = from; at < bytes.length;) {
      await this.#congestion.relief();
      await new Promise<void>(afterTurn);
      at = this.#parser.parse(bytes, at, platformClock.now() + TURN);
    }
    await this.#congestion.relief();
  }
}
