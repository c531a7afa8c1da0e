import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { EndpointStats } from "../service/endpoint_stats.ts";

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
}
