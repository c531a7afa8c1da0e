import type { MessageSink, ServerSubscription } from "../connection/connection.ts";
import { isNoResponders } from "../requests/requests.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { RawMessage } from "../message/raw_message.ts";

/** How often to ask the server whether the caller is still there, in milliseconds. */
const STEP = 200;
/** Do not ask about a caller that gets fewer parts than this within one step. */
const FEW = 64;

type CallerWays = Pick<LinkContext, "clock" | "connection" | "newInbox">;

/**
 * Detects that a caller who gets parts without a link has gone. The server reports a missing subscriber only for
 * messages with a reply address, so a part carries one from time to time.
 */
export class PlainCaller implements MessageSink, Disposable {
  readonly #ways: CallerWays;
  readonly #gone: () => void;
  #address = "";
  #interest: ServerSubscription | undefined;
  #asked: number;
  #parts = 0;

  /** Calls `gone` once the server reports no subscriber. */
  constructor(ways: CallerWays, gone: () => void) {
    this.#ways = ways;
    this.#asked = ways.clock.now();
    this.#gone = gone;
  }

  /** The reply address for the next part, if that part should ask the server. */
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

  take(packet: RawMessage): void {
    if (isNoResponders(packet)) this.#gone();
  }

  /** Without this subscription it cannot detect that the caller has gone. */
  refused(): void {
    this.#interest = undefined;
  }

  [Symbol.dispose](): void {
    this.#interest?.unsubscribe();
  }
}
