import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import type { LinkWays } from "../link/link_ways.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { EndpointStats } from "../service/endpoint_stats.ts";

/** Where a subscriber is registered. */
export interface Place {
  /** What goes before its pattern. */
  readonly prefix: string;
  /** What its time goes by; there is none before its router is part of a broker. */
  readonly clock: Clock | undefined;
  /** What it runs in; there is none before its router is part of a broker. */
  bind(): Binding;
  /** Is registered, so that it starts and stops with the broker; it is from the beginning. */
  join(): void;
  /** Is registered no longer, so that nothing of it is kept once it has `left`. */
  leave(left: Promise<void>): void;
}

/** What a subscriber stands in: known once its router is part of a broker, and asked for when it starts. */
export interface Binding {
  readonly connection: Connection;
  readonly feed: EventFeed;
  /** What goes before the pattern: the prefixes of its routers, outermost first. */
  readonly prefix: string;
  /** The middleware of broker and routers, outermost first. */
  readonly middleware: readonly Middleware[];
  readonly outbound: Outbound;
  /** Aborts when the broker stops and time is up. */
  readonly stopping: () => AbortSignal;
  /** The queue group where the subscriber names none. */
  readonly queue: string | undefined;
  readonly stats: EndpointStats | undefined;
  /** What streams and sessions go over. */
  readonly ways: LinkWays;
}
