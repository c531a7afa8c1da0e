import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../events.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { Sender } from "../sending/sender.ts";
import type { EndpointStats } from "../service/endpoint.ts";

/** Where a subscriber is registered. */
export interface Place {
  /** The prefix of its pattern. */
  readonly prefix: string;
  /** The broker's clock; `undefined` before its router is part of a broker. */
  readonly clock: Clock | undefined;
  /** Returns the surroundings it runs in; call it only once its router is part of a broker. */
  bind(): Binding;
  /**
   * Registers the subscriber again, so that it starts and stops with the broker; a new subscriber is registered
   * already.
   */
  join(): void;
  /** Ends the registration; the broker forgets the subscriber once it has `left`. */
  leave(left: Promise<void>): void;
}

/** What a subscriber stands in: known once its router is part of a broker, and asked for when it starts. */
export interface Binding {
  readonly connection: Connection;
  readonly feed: EventFeed;
  /** The prefix of the pattern: the prefixes of its routers, outermost first. */
  readonly prefix: string;
  /** The middleware of broker and routers, outermost first. */
  readonly middleware: readonly Middleware[];
  readonly sender: Sender;
  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping: () => AbortSignal;
  /** The default queue group of subscribers. */
  readonly queue: string | undefined;
  readonly stats: EndpointStats | undefined;
  /** What streams and sessions go over. */
  readonly ways: LinkContext;
}
