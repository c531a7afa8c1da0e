import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { ReplyError } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { asError } from "../legible.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { runWithin, type Work } from "../message/work.ts";
import { after, isThenable } from "../promises.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import {
  BatchInvocation,
  type Delivery,
  failureOf,
  Invocation,
  isBatch,
  type RequestWatch,
  withBesides,
} from "../source/invocation.ts";
import type { BrokerContext } from "../source/context.ts";
import {
  type OpenSource,
  type Outcome,
  type PartCheck,
  type Refused,
  SHUTTING_DOWN,
  type Sink,
} from "../source/source.ts";
import type { Pattern } from "../subject/subject.ts";
import { covers } from "../subject/wildcards.ts";
import { decodeAll, type Route } from "./route.ts";

/** What a processor works with. */
export interface ProcessorPlan {
  readonly pattern: Pattern;
  readonly concurrency: number;
  /** The first route that takes a message handles it. */
  readonly routes: readonly Route[];
  /** The invocations at work, of this processor and of earlier ones. */
  readonly open: Set<Invocation>;
  readonly context: BrokerContext;
  /** Settles the outcomes. */
  readonly source: OpenSource;
  readonly sink: Sink;
  readonly stats: EndpointStats | undefined;
}

const TOO_MANY: Refused = {
  kind: "refused",
  reason: "too-many",
  error: new ReplyError(ERROR_CODES.tooMany, "Too many requests"),
};
const STOPPING: Refused = {
  kind: "refused",
  reason: "stopping",
  error: new ReplyError(ERROR_CODES.unavailable, SHUTTING_DOWN),
};

/**
 * The way of each delivery: decode, find its handler, validate, middleware, handle. The outcome goes back to the source,
 * which settles it. Nothing that a handler, a schema, a middleware or a source throws gets out of here.
 */
export class MessageProcessor {
  readonly #plan: ProcessorPlan;
  readonly #selfAsking: SelfAsking;

  constructor(plan: ProcessorPlan) {
    const { pattern: { text, subject }, concurrency, context: { feed, clock } } = plan;
    this.#plan = plan;
    this.#selfAsking = new SelfAsking({ pattern: text, subject, concurrency, feed, clock });
  }

  /** Handles one delivery; never throws or rejects, and returns a promise only if it has to wait. */
  run(delivery: Delivery, arrived: number): void | Promise<void> {
    const invocation = this.#begin(delivery, arrived);
    try {
      const value = runWithin(invocation, this.#handle, invocation);
      const settled = after(value, (value) => this.#settle(invocation, { kind: "done", value }));
      if (settled instanceof Promise) {
        return settled.then(
          () => this.#end(invocation),
          (error) => this.#endFailed(invocation, error),
        );
      }
    } catch (error) {
      return this.#endFailed(invocation, error);
    }
    return this.#end(invocation);
  }

  /** Settles a delivery for which no handler runs. */
  refuse(delivery: Delivery, reason: "too-many" | "stopping"): void | Promise<void> {
    const { source, stats, context } = this.#plan;
    // refusing must be faster than a flood
    if (!stats && source.ignoresRefusal?.(delivery)) return;
    const outcome = reason === "too-many" ? TOO_MANY : STOPPING;
    const invocation = this.#begin(delivery, context.clock.now());
    invocation.isRefused = true;
    try {
      const settled = this.#settle(invocation, outcome);
      if (isThenable(settled)) return this.#endAfter(invocation, settled);
    } catch (error) {
      this.#report(invocation, error);
    }
    return this.#end(invocation);
  }

  /** Settles what is at work as refused, and waits `patience` milliseconds for that at most. */
  async expire(patience: number): Promise<void> {
    const { open, context: { clock }, source } = this.#plan;
    const settled = [...open].map((invocation) =>
      Promise.try(() => this.#settle(invocation, STOPPING))
    );
    const all = within(
      Promise.allSettled(settled),
      { clock, timeout: patience },
      "tell the callers",
    );
    await all.catch((late) => source.expire?.(STOPPING.error, late));
  }

  /**
   * Sends the parts that a handler yields.
   *
   * @throws {TypeError} if its source cannot send parts
   */
  stream(
    invocation: Invocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): unknown {
    const { source, pattern: { text } } = this.#plan;
    if (source.stream) return source.stream(invocation, parts, check);
    throw new TypeError(`Cannot handle "${text}" as its handler must not yield parts: it does`);
  }

  #begin(delivery: Delivery, arrived: number): Invocation {
    const { source, open, stats, context: { clock } } = this.#plan;
    const invocation = source.invoke?.(delivery, arrived) ?? this.#invoke(delivery, arrived);
    invocation.requests = this.#selfAsking;
    if (stats) invocation.began = clock.now();
    open.add(invocation);
    return invocation;
  }

  #invoke(delivery: Delivery, arrived: number): Invocation {
    const { pattern, context } = this.#plan;
    const stopping = context.stopping();
    if (isBatch(delivery)) {
      const read = (subject: string) => pattern.read(subject);
      return new BatchInvocation(delivery, read, arrived, stopping, context);
    }
    const params = pattern.read(delivery.subject);
    const invocation = new Invocation(delivery, params, arrived, stopping, context);
    withBesides(invocation.message, delivery);
    return invocation;
  }

  #settle(invocation: Invocation, outcome: Outcome): unknown {
    return this.#plan.source.settle(invocation, outcome);
  }

  /** What cannot be settled as done has failed. */
  #fail(invocation: Invocation, error: unknown): unknown {
    invocation.failure = failureOf(asError(error));
    try {
      return this.#settle(invocation, { kind: "failed", error });
    } catch (error) {
      this.#report(invocation, error);
    }
  }

  #endFailed(invocation: Invocation, error: unknown): void | Promise<void> {
    const settled = this.#fail(invocation, error);
    return isThenable(settled) ? this.#endAfter(invocation, settled) : this.#end(invocation);
  }

  /** Never rejects, as an unhandled rejection would end the process. */
  #endAfter(invocation: Invocation, settled: PromiseLike<unknown>): Promise<void> {
    return Promise.resolve(settled)
      .catch((error) => this.#report(invocation, error))
      .then(() => this.#end(invocation));
  }

  /** The place is free once the returned promise resolves. */
  #end(invocation: Invocation): Promise<void> | undefined {
    const { open, stats, context: { clock } } = this.#plan;
    const room = this.#finish(invocation);
    invocation.end();
    open.delete(invocation);
    stats?.record(clock.now() - invocation.began, invocation.failure);
    return room;
  }

  /** A source that fails here must not keep the place of its message. */
  #finish(invocation: Invocation): Promise<void> | undefined {
    try {
      const room = this.#plan.source.finish?.(invocation);
      return room?.catch((error) => this.#report(invocation, error));
    } catch (error) {
      this.#report(invocation, error);
    }
  }

  readonly #handle = (invocation: Invocation): unknown => {
    const admitted = this.#plan.source.admit?.(invocation);
    return isThenable(admitted)
      ? Promise.resolve(admitted).then(() => this.#route(invocation))
      : this.#route(invocation);
  };

  #route(invocation: Invocation): unknown {
    if (invocation.isExpired) {
      throw new ReplyError(ERROR_CODES.deadline, "The deadline has passed");
    }
    decodeAll(invocation);
    const { message } = invocation;
    const route = this.#plan.routes.find((route) => route.takes(message));
    if (!route) throw new ReplyError(ERROR_CODES.notFound, "No handler takes this message");
    return route.run(invocation);
  }

  #report(invocation: Invocation, error: unknown): void {
    this.#plan.sink.report(asError(error), invocation);
  }
}

/** How often to report a subscriber at most, in milliseconds. */
const AGAIN = 10_000;

/** What the check needs of a subscriber. */
interface SelfAskingPlan {
  readonly pattern: string;
  readonly subject: string;
  readonly concurrency: number;
  readonly feed: EventFeed;
  readonly clock: Clock;
}

/**
 * Detects that all handlers of a subscriber wait for answers of the same subscriber: no handler is free to answer, so
 * all these requests time out, and nothing else would show why.
 */
class SelfAsking implements RequestWatch {
  readonly #plan: SelfAskingPlan;
  /** How many requests to its own subscriber each handler waits for. */
  readonly #waiting = new Map<Work, number>();
  #told = -Infinity;

  constructor(plan: SelfAskingPlan) {
    this.#plan = plan;
  }

  /** Notes that a handler sends a request, and may wait until `asked` settles. */
  asks(work: Work, subject: string, asked: Promise<unknown>): void {
    if (!covers(this.#plan.subject, subject)) return;
    this.#add(work, 1);
    const settled = () => this.#add(work, -1);
    asked.then(settled, settled);
    if (this.#waiting.size >= this.#plan.concurrency) this.#tell(subject, work.correlationId);
  }

  #add(work: Work, change: number): void {
    const count = (this.#waiting.get(work) ?? 0) + change;
    if (count > 0) this.#waiting.set(work, count);
    else this.#waiting.delete(work);
  }

  #tell(subject: string, correlationId: string): void {
    const now = this.#plan.clock.now();
    if (now - this.#told < AGAIN) return;
    this.#told = now;
    const { pattern, concurrency, feed } = this.#plan;
    const error = new Error(
      `All ${concurrency} handlers of "${pattern}" wait for answers to their own requests to "${subject}", ` +
        `which only they could give. Raise its "concurrency", or call the function without a request`,
    );
    feed.emit({ type: "error", error, subject, pattern, correlationId });
  }
}
