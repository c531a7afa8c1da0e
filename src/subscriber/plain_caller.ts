import type { Interest, Taker } from "../connection/connection.ts";
import { isNoResponders } from "../inbox/requests.ts";
import type { LinkWays } from "../link/link_ways.ts";
import type { Packet } from "../message/packet.ts";

/** How often a caller's server is asked whether the caller is there, in milliseconds. */
const STEP = 200;
/** Whoever is sent fewer parts than these, and within one step, is not asked after. */
const FEW = 64;

type CallerWays = Pick<LinkWays, "clock" | "connection" | "newInbox">;

/**
 * Notices that a caller who is sent part after part without a link has gone. The server says so of a message that has an
 * address of reply: every so often a part has one.
 */
export class PlainCaller implements Taker, Disposable {
  readonly #ways: CallerWays;
  readonly #gone: () => void;
  #address = "";
  #interest: Interest | undefined;
  #asked: number;
  #parts = 0;

  /** `gone` is called once the server has found nobody. */
  constructor(ways: CallerWays, gone: () => void) {
    this.#ways = ways;
    this.#asked = ways.clock.now();
    this.#gone = gone;
  }

  /** The address of reply of the next part, where the server is to be asked with it. */
  ask(): string | undefined {
    const now = this.#ways.clock.now();
    if (now - this.#asked < STEP && ++this.#parts % FEW !== 0) return undefined;
    this.#asked = now;
    if (this.#address === "") {
      this.#address = this.#ways.newInbox();
      this.#interest = this.#ways.connection.subscribe(this.#address, this);
    }
    return this.#address;
  }

  take(packet: Packet): void {
    if (isNoResponders(packet)) this.#gone();
  }

  /** Then nobody will ever be known to have gone. */
  refused(): void {
    this.#interest = undefined;
  }

  [Symbol.dispose](): void {
    this.#interest?.unsubscribe();
  }
}
