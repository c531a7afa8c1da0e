import { within } from "../deadline.ts";
import { ReplyError } from "../errors.ts";
import { asError } from "../legible.ts";
import { type Delivery, isBatch } from "../message/raw_message.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { runWithin } from "../message/work.ts";
import { after, isThenable } from "../promises.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import { BatchInvocation, failureOf, Invocation, withBesides } from "../source/invocation.ts";
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
import { SelfAsking } from "./self_asking.ts";
import { decodeAll, isEmpty, type Route } from "./route.ts";

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
 * Processes each delivery: decodes it, finds its handler, validates it, runs middleware and handler, and passes the
 * outcome to the source, which settles it. No exception of a handler, a schema, a middleware or a source leaves it.
 */
export class MessageProcessor {
  readonly #plan: ProcessorPlan;
  readonly #selfAsking: SelfAsking;
  #room: Promise<void> | undefined;

  constructor(plan: ProcessorPlan) {
    const { pattern: { text, subject }, concurrency, context: { feed, clock } } = plan;
    this.#plan = plan;
    this.#selfAsking = new SelfAsking({ pattern: text, subject, concurrency, feed, clock });
  }

  /** Handles one delivery; never throws or rejects, and returns a promise only if it has to wait. */
  run(delivery: Delivery, arrived: number): void | Promise<void> {
    const invocation = this.#begun(delivery, arrived);
    if (!invocation) return;
    try {
      const value = this.#value(invocation);
      const settled = after(value, (value) => this.#settle(invocation, { kind: "done", value }));
      if (isThenable(settled)) {
        return Promise.resolve(settled).then(
          () => this.#end(invocation),
          (error) => this.#endFailed(invocation, error),
        );
      }
    } catch (error) {
      return this.#endFailed(invocation, error);
    }
    return this.#end(invocation);
  }

  /** What the handler makes of it; a source that limits its time may end the wait. */
  #value(invocation: Invocation): unknown {
    const value = runWithin(invocation.trace, this.#handle, invocation);
    const isLimited = this.#plan.source.timeout !== undefined && isThenable(value);
    return isLimited ? invocation.untilGivenUp(value) : value;
  }

  /** Settles a delivery for which no handler runs. */
  refuse(delivery: Delivery, reason: "too-many" | "stopping"): void | Promise<void> {
    const invocation = this.#begun(delivery);
    if (!invocation) return;
    const outcome = reason === "too-many" ? TOO_MANY : STOPPING;
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
        .catch((error) => this.#report(invocation, error))
    );
    const all = within(
      Promise.all(settled),
      { clock, timeout: patience },
      "tell the callers",
    );
    await all.catch((late) => source.expire?.(STOPPING.error, late));
  }

  /** Tells the source that it may deliver more. */
  freed(free: number): void {
    try {
      this.#plan.source.freed?.(free);
    } catch (error) {
      this.#plan.sink.report(asError(error));
    }
  }

  /** Stops the source; never rejects, as that would end the wait for the others. */
  async stopSource(): Promise<void> {
    try {
      await this.#plan.source.stop();
    } catch (error) {
      this.#plan.sink.report(asError(error));
    }
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
    throw new TypeError(`Cannot handle "${text}" as its handler must not yield parts`);
  }

  /**
   * Begins an invocation; without `arrived` one to refuse, which must be cheap in a flood: `undefined` if nobody would
   * notice.
   */
  #begun(delivery: Delivery, arrived?: number): Invocation | undefined {
    const { source, stats, sink, context: { clock } } = this.#plan;
    try {
      if (arrived === undefined && !stats && source.ignoresRefusal?.(delivery)) return;
      return this.#begin(delivery, arrived ?? clock.now());
    } catch (error) {
      // a source may deliver something that is no message
      sink.report(asError(error));
    }
  }

  #begin(delivery: Delivery, arrived: number): Invocation {
    const { source, open, stats, context: { clock } } = this.#plan;
    const invocation = source.invoke?.(delivery, arrived) ?? this.#invoke(delivery, arrived);
    if (source.timeout !== undefined) invocation.limit(source.timeout);
    invocation.requests = this.#selfAsking;
    if (stats) invocation.began = clock.now();
    open.add(invocation);
    return invocation;
  }

  #invoke(delivery: Delivery, arrived: number): Invocation {
    const { pattern, context, source } = this.#plan;
    const stopping = context.stopping();
    if (isBatch(delivery)) {
      const batch = new BatchInvocation(delivery, pattern, arrived, stopping, context);
      if (source.unfit) batch.unfit = (origin, error) => source.unfit!(origin, error);
      return batch;
    }
    const params = delivery.params ?? pattern.read(delivery.subject);
    const invocation = new Invocation(delivery, params, arrived, stopping, context, pattern.text);
    invocation.message = withBesides(invocation.message, delivery);
    return invocation;
  }

  #settle(invocation: Invocation, outcome: Outcome): unknown {
    return this.#plan.source.settle(invocation, outcome);
  }

  /** An outcome that cannot be settled as done has failed. */
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
      // thousands of refusals may share one promise, and would keep a reaction each
      if (room && room !== this.#room) room.catch((error) => this.#report(invocation, error));
      this.#room = room;
      return room;
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
    if (isEmpty(invocation)) return;
    const route = this.#plan.routes.find((route) => route.takes(message));
    if (!route) throw new ReplyError(ERROR_CODES.notFound, "No handler takes this message");
    return route.run(invocation);
  }

  #report(invocation: Invocation, error: unknown): void {
    this.#plan.sink.report(asError(error), invocation);
  }
}
