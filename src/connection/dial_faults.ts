import type { EventFeed } from "../events.ts";
import { connectFault, lacksPermission } from "./client_errors.ts";

/** More than all servers that are dialled have to say; the same again and again would be a flood of lines. */
const MOST = 1_024;

/** What stands in the way of coming back: each is told once, until the connection is there again. */
export class DialFaults {
  readonly #feed: EventFeed;
  readonly #urls: readonly string[];
  readonly #told = new Set<string>();

  constructor(feed: EventFeed, urls: readonly string[]) {
    this.#feed = feed;
    this.#urls = urls;
  }

  /** Tells it, if it has not been told. */
  tell(cause: unknown): void {
    const error = connectFault(cause, this.#urls);
    // that nobody is there is what an outage is; all else will not pass by itself
    const isOutage = error.reason === "refused" && !lacksPermission(error.cause);
    if (isOutage || this.#told.has(error.message)) return;
    if (this.#told.size >= MOST) this.#told.clear();
    this.#told.add(error.message);
    this.#feed.emit({ type: "error", error });
  }

  /** The connection is back. */
  reset(): void {
    this.#told.clear();
  }
}
