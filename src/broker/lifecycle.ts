import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import { within } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { asError } from "../legible.ts";
import type { Links } from "../link/links.ts";
import { currentWork, type Work } from "../message/work.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";
import type { Discovery } from "../service/service.ts";
import type { Doors } from "./doors.ts";
import type { Hooks } from "./hooks.ts";
import type { Registry } from "./registry.ts";
import { StopDeadline } from "./stop_deadline.ts";

/** How often a stop that was called inside a handler checks whether only that handler is left, in milliseconds. */
const STEP = 50;
/**
 * How long the stop waits for such a handler once everything else is done, in milliseconds: the handler may await the
 * stop.
 */
const GRACE = 1_000;

/** The parts that a lifecycle starts and stops. */
export interface LifecycleParts {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly feed: EventFeed;
  readonly links: Links;
  readonly discovery: Discovery | undefined;
  readonly doors: Doors;
  readonly hooks: Hooks;
}

/** A stop under way. */
interface Stop {
  readonly deadline: StopDeadline;
  /** The handlers that called it. */
  readonly callers: Set<Work>;
  readonly subscriptions: ReadonlySet<HandledSubscription>;
  done: Promise<void>;
}

/** Starts and stops a broker, one after the other, in whatever order the calls come. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  /** Subscribers that the program stopped one by one, and whose handlers still run. */
  readonly #leaving = new Map<Promise<void>, HandledSubscription>();
  /** Aborts at each `stop()`, which cancels every start begun before. */
  #beginning = new AbortController();
  /** Aborts when the timeout of a stop has passed. */
  #stopping = new AbortController();
  /** Its signal, as the platform's getter would take longer for each message. */
  #stoppingSignal = this.#stopping.signal;
  #stop: Stop | undefined;
  #isStarted = false;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping = (): AbortSignal => this.#stoppingSignal;

  /** Whether the broker has started its subscribers; the program must start a subscriber that it registers later. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** Notes that a single subscriber stops; a stop of the broker waits for it until it has `left`. */
  leaving(subscription: HandledSubscription, left: Promise<void>): void {
    this.#leaving.set(left, subscription);
    const forget = () => void this.#leaving.delete(left);
    left.then(forget, forget);
  }

  /** Resolves once the connection is closed, by either side. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      const deaf = this.#parts.feed.listen(({ type }) => {
        if (type !== "closed") return;
        deaf();
        resolve();
      });
    });
  }

  /** Aborts when what is being started is given up, or stopped. */
  get cancelled(): AbortSignal {
    return this.#beginning.signal;
  }

  /** Cancels a start that waits for its server, or for a stop. */
  cancelStart(): void {
    this.#beginning.abort();
    this.#beginning = new AbortController();
    this.#parts.connection.cancelConnect();
  }

  /** Connects, after a running stop has ended. */
  connect(): Promise<void> {
    const { connection } = this.#parts;
    return this.#stop ? this.#afterStop(() => connection.connect()) : connection.connect();
  }

  /** Connects and begins, after a running stop has ended; a later `stop()` cancels it. */
  async start(begin: (cancelled: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#beginning;
    const check = () => {
      if (signal.aborted) throw new ConnectionError(STOPPED, "closed");
    };
    try {
      await this.connect();
      check();
      // what a source or a door does at the start may never end
      await within(begin(signal), { signal }, "start");
      check();
      this.#isStarted = true;
    } catch (cause) {
      if (!signal.aborted || (cause as ConnectionError).reason === "closed") throw cause;
      throw new ConnectionError(STOPPED, "closed", { cause });
    }
  }

  /** Stops; a second call joins the running stop, and the shorter timeout applies. */
  stop(registry: Registry, timeout: number): Promise<void> {
    this.#isStarted = false;
    this.cancelStart();
    if (this.#stop) this.#stop.deadline.bringForward(timeout);
    else this.#begin(registry, timeout);
    const { subscriptions, deadline, callers, done } = this.#stop!;
    for (const subscription of subscriptions) subscription.expireAt(deadline.workUntil);
    const work = currentWork();
    if (work && !work.isOver) callers.add(work);
    return done;
  }

  async #afterStop(connect: () => Promise<void>): Promise<void> {
    const { signal } = this.#beginning;
    while (this.#stop) await this.#stop.done;
    if (signal.aborted) throw new ConnectionError(STOPPED, "closed");
    await connect();
  }

  #begin(registry: Registry, timeout: number): void {
    const subscriptions = new Set([...registry.handled, ...this.#leaving.values()]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = new StopDeadline(this.#parts.clock, timeout);
    const stop = this.#stop = { deadline, callers: new Set<Work>(), subscriptions, done: promise };
    void this.#end(stop, registry).catch(this.#report).then(() => {
      deadline.clear();
      this.#stopping = new AbortController();
      this.#stoppingSignal = this.#stopping.signal;
      this.#stop = undefined;
      resolve();
    });
  }

  async #end(stop: Stop, registry: Registry): Promise<void> {
    const { connection, feed, links, discovery, doors, hooks } = this.#parts;
    if (connection.isOpen) {
      const handlers = handlersAtWork(stop.subscriptions);
      feed.emit({ type: "stopping", handlers, sessions: links.count });
    }
    links.drain();
    const left = Promise.all([
      links.settled(),
      discovery?.drain(),
      ...[...stop.subscriptions, ...registry.readers].map((subscriber) => subscriber.drain()),
    ]);
    const failure = await this.#failure(stop, left);
    if (failure) await this.#expire(stop, failure);
    links.drained();
    const remaining = () => stop.deadline.left;
    await doors.stop(registry, remaining);
    await hooks.stop(registry.hooks, remaining);
    await doors.leave(registry, remaining);
    await connection.close({ timeout: stop.deadline.left });
  }

  /** The error for which the stop gives up its wait; `undefined` once everything is done. */
  async #failure({ deadline, callers, subscriptions }: Stop, left: Promise<unknown>) {
    const waiting = Promise.withResolvers<Error>();
    let since: number | undefined;
    const { clock } = this.#parts;
    const look = () => {
      const own = [...callers].filter(({ isOver }) => !isOver).length;
      const isAlone = own > 0 && this.#parts.links.count <= own &&
        handlersAtWork(subscriptions) <= own;
      since = isAlone ? since ?? clock.now() : undefined;
      if (since !== undefined && clock.now() - since >= GRACE) {
        waiting.resolve(new Error(selfWait(callers)));
      }
      timer = clock.setTimeout(look, STEP);
    };
    let timer = clock.setTimeout(look, STEP);
    try {
      return await Promise.race([
        left.then(() => undefined, (thrown) => asError(thrown)),
        deadline.passed.then(() =>
          new TimeoutError("wait for the handlers at work", deadline.timeout)
        ),
        waiting.promise,
      ]);
    } finally {
      timer.clear();
    }
  }

  /** The timeout has passed: sends every waiting caller its 503. */
  async #expire({ deadline, subscriptions }: Stop, failure: Error): Promise<void> {
    const { clock, links } = this.#parts;
    this.#report(failure);
    links.abort({ reason: "shutting-down" });
    const patience = deadline.telling;
    const expired = [...subscriptions].map((subscription) => subscription.expire(patience));
    const told = Promise.all([links.emptied(), ...expired]);
    this.#stopping.abort(failure);
    await within(told, { clock, timeout: patience }, "tell the callers").catch(this.#report);
  }

  readonly #report = (error: Error): void => this.#parts.feed.emit({ type: "error", error });
}

const STOPPED = "The broker was stopped before it had started";

function selfWait(callers: ReadonlySet<Work>): string {
  const subjects = [...callers].filter(({ isOver }) => !isOver).map(({ subject }) =>
    `"${subject}"`
  );
  return `stop() was called by the handler of ${subjects.join(", ")}, which has not ended: ` +
    "the broker stops without it. A handler must not await stop()";
}

function handlersAtWork(subscriptions: Iterable<HandledSubscription>): number {
  let count = 0;
  for (const { atWork } of subscriptions) count += atWork;
  return count;
}
