import type { Reply } from "../message/reply.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";

/** What a handler may return if its reply has a schema: a value, its promise, the result of `reply()`, or parts. */
export type Replied<Value> =
  | Value
  | Reply
  | Promise<Value | Reply>
  | AsyncIterable<Value | Reply>;

/** How to include a router. */
export interface IncludeOptions {
  /**
   * A prefix for every pattern of the router and every subject it publishes to. It is prepended unchanged, so end it
   * with a dot or another separator, as in `"v1."`.
   *
   * @default {""}
   */
  readonly prefix?: string;
}

/** Middleware for both directions. */
export interface MiddlewarePair<State> {
  /** Wraps the handlers. */
  readonly consume?: Middleware<State>;
  /** Wraps everything that the program sends. */
  readonly publish?: PublishMiddleware;
}
