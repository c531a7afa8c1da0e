import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import { within } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import type { Links } from "../link/links.ts";
import { currentWork, type Work } from "../message/work.ts";
import type { Handling } from "../subscriber/handling.ts";
import { asError } from "../thrown.ts";
import type { Discovery } from "./discovery.ts";
import type { Registry } from "./registry.ts";
import { StopDeadline } from "./stop_deadline.ts";

/** How often a stop that was called inside a handler looks whether that handler is all that is left, in milliseconds. */
const STEP = 50;
/** How long such a handler has once everything else is done, in milliseconds: it may not wait for the stop. */
const GRACE = 1_000;

/** What starts and stops. */
export interface LifecycleParts {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly feed: EventFeed;
  readonly links: Links;
  readonly discovery: Discovery | undefined;
}

/** A stop under way. */
interface Stop {
  readonly deadline: StopDeadline;
  /** The handlers that called it. */
  readonly callers: Set<Work>;
  readonly handlings: ReadonlySet<Handling>;
  done: Promise<void>;
}

/** How a broker starts and stops: one after the other, whatever is called when. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  /** Subscribers that were stopped by themselves, and whose handlers are at work yet. */
  readonly #leaving = new Map<Promise<void>, Handling>();
  /** Aborts at each `stop()`: whatever was begun before comes to nothing. */
  #beginning = new AbortController();
  /** Aborts when the time of a stop is over. */
  #stopping = new AbortController();
  #stop: Stop | undefined;
  #isStarted = false;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /** Aborts when the broker stops and time is up. */
  readonly stopping = (): AbortSignal => this.#stopping.signal;

  /** Whether what is registered has been started; what is registered from now on has to be started by itself. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** A subscriber is stopped by itself; it is part of a stop of the broker until it has `left`. */
  leaving(handling: Handling, left: Promise<void>): void {
    this.#leaving.set(left, handling);
    const forget = () => void this.#leaving.delete(left);
    left.then(forget, forget);
  }

  /** Resolves once the connection is closed, whoever closed it. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      const deaf = this.#parts.feed.listen(({ type }) => {
        if (type !== "closed") return;
        deaf();
        resolve();
      });
    });
  }

  /** Ends whatever begins: a start that waits for its server, or for a stop. */
  giveUp(): void {
    this.#beginning.abort();
    this.#beginning = new AbortController();
    this.#parts.connection.giveUp();
  }

  /** Connects, after a stop that is under way. */
  connect(): Promise<void> {
    const { connection } = this.#parts;
    return this.#stop ? this.#afterStop(() => connection.connect()) : connection.connect();
  }

  /** Connects and begins, after a stop that is under way; a later `stop()` ends it. */
  async start(begin: () => Promise<void>): Promise<void> {
    const { signal } = this.#beginning;
    const check = () => {
      if (signal.aborted) throw new ConnectionError(STOPPED, "closed");
    };
    try {
      await this.connect();
      check();
      await begin();
      check();
      this.#isStarted = true;
    } catch (cause) {
      if (!signal.aborted || (cause as ConnectionError).reason === "closed") throw cause;
      throw new ConnectionError(STOPPED, "closed", { cause });
    }
  }

  /** Stops; called again meanwhile, it is the same stop, within the shorter time. */
  stop(registry: Registry, timeout: number): Promise<void> {
    this.#isStarted = false;
    this.giveUp();
    if (this.#stop) this.#stop.deadline.bringForward(timeout);
    else this.#begin(registry, timeout);
    const { handlings, deadline, callers, done } = this.#stop!;
    for (const handling of handlings) handling.takeUntil(deadline.workUntil);
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
    const handlings = new Set([...registry.handlings, ...this.#leaving.values()]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = new StopDeadline(this.#parts.clock, timeout);
    const stop = this.#stop = { deadline, callers: new Set<Work>(), handlings, done: promise };
    void this.#end(stop, registry).catch(this.#report).then(() => {
      deadline.clear();
      this.#stopping = new AbortController();
      this.#stop = undefined;
      resolve();
    });
  }

  async #end(stop: Stop, { readings }: Registry): Promise<void> {
    const { connection, feed, links, discovery } = this.#parts;
    if (connection.isOpen) {
      const handlers = handlersAtWork(stop.handlings);
      feed.emit({ type: "stopping", handlers, sessions: links.count });
    }
    links.drain();
    const left = Promise.all([
      links.settled(),
      discovery?.leave(),
      ...[...stop.handlings, ...readings].map((subscriber) => subscriber.leave()),
    ]);
    const failure = await this.#failure(stop, left);
    if (failure) await this.#abandon(stop, failure);
    links.drained();
    await connection.close({ timeout: stop.deadline.left });
  }

  /** What keeps the stop from waiting until all is done; `undefined` once all is. */
  async #failure({ deadline, callers, handlings }: Stop, left: Promise<unknown>) {
    const waiting = Promise.withResolvers<Error>();
    let since: number | undefined;
    const { clock } = this.#parts;
    const look = () => {
      const own = [...callers].filter(({ isOver }) => !isOver).length;
      const isAlone = own > 0 && this.#parts.links.count <= own &&
        handlersAtWork(handlings) <= own;
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

  /** Time is up: everyone who still waits is told. */
  async #abandon({ deadline, handlings }: Stop, failure: Error): Promise<void> {
    const { clock, links } = this.#parts;
    this.#report(failure);
    links.abort({ reason: "shutting down" });
    const patience = deadline.telling;
    const abandoned = [...handlings].map((handling) => handling.abandon(patience));
    const told = Promise.all([links.emptied(), ...abandoned]);
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

function handlersAtWork(handlings: Iterable<Handling>): number {
  let count = 0;
  for (const { atWork } of handlings) count += atWork;
  return count;
}
