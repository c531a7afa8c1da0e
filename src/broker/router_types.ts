import type { Reply } from "../message/reply.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";

/** What a handler may return if its reply has a schema: a value, its promise, the result of `reply()`, or parts. */
export type Replied<Value> =
  | Value
  | Reply
  | Promise<Value | Reply>
  | AsyncIterable<Value | Reply>;

/** Middleware for both directions. */
export interface MiddlewarePair<State> {
  /** Wraps the handlers. */
  readonly consume?: Middleware<State>;
  /** Wraps everything that the program sends. */
  readonly publish?: PublishMiddleware;
}
