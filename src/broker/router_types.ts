import type { Reply } from "../message/reply.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";
import type { Params } from "../subject/subject.ts";
import type { HandlerSubscriber, ReadSubscriber } from "../subscriber/subscriber.ts";

/** What a handler may return if its reply has a schema: a value, its promise, the result of `reply()`, or parts. */
export type Replied<Value> =
  | Value
  | Reply
  | Promise<Value | Reply>
  | AsyncIterable<Value | Reply>;

/** What a handler may return if its reply has no schema: anything. Options instead of a handler have no such reply. */
export interface AnyReply {
  /** No value has it, which tells options from a handler. */
  readonly none: never;
}

/**
 * What `subscriber()` makes of two arguments: a subscriber with a handler, or one that the program reads. One signature
 * takes both, as the compiler speaks of every overload that takes as many arguments as a wrong call has.
 */
export type Subscribed<From, Body, Reply> = unknown extends Reply ? HandlerSubscriber
  : [Reply] extends [never] ? HandlerSubscriber
  : [Reply] extends [AnyReply] ? ReadSubscriber<Body, Params<From & string>>
  : HandlerSubscriber;

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
