import { afterTurn, platformClock } from "../../clock.ts";
import type { Congestion } from "./congestion.ts";
import { Parser } from "./parser.ts";
import type { ProtocolHandler } from "./protocol.ts";

/** The bound of the real server on what comes before a payload, in bytes. */
const MAX_CONTROL_LINE = 4096;
/** One chunk can ask for minutes of work: after so many milliseconds of it others get their turn. */
const TURN = 20;

/** The receiving side of a client: what comes is read in turns. */
export class Reading {
  readonly #parser: Parser;
  readonly #congestion: Congestion;

  constructor(handler: ProtocolHandler, congestion: Congestion) {
    this.#parser = new Parser(handler, MAX_CONTROL_LINE);
    this.#congestion = congestion;
  }

  /** Reads on; settles when all is read and nobody is behind, `undefined` where that is at once. */
  receive(bytes: Uint8Array): Promise<void> | undefined {
    const at = this.#parser.parse(bytes, 0, platformClock.now() + TURN);
    if (at < bytes.length) return this.#goOn(bytes, at);
    return this.#congestion.relief();
  }

  /** Ignores everything from here on. */
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
