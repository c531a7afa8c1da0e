import { type Clock, platformClock } from "../clock.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { TimeoutError } from "../errors.ts";
import { asError } from "../legible.ts";
import { describe, type Rule } from "../options.ts";
import { isThenable } from "../promises.ts";
import { newToken } from "../subject/subject.ts";

/** A running handler; everything it sends inherits these facts of its message. */
export interface Work {
  readonly correlationId: string;
  /** The subject of the message. */
  readonly subject: string;
  /** The clock of its deadline. */
  readonly clock: Clock;
  /** When the caller gives up, by that clock; `Infinity` if the caller does not say. */
  readonly deadline: number;
  /** Whether the handler is done: nobody waits for code that it left running, so that code has no deadline. */
  readonly isOver: boolean;
  /** Notes that the handler sends a request, and may wait until `asked` settles. */
  asks?(subject: string, asked: Promise<unknown>): void;
}

/**
 * What the async context of a handler holds on to. The platform keeps it until the next full collection of garbage, so that
 * it must let go of the message once the handler has ended: copying thousands of dead ones took a third of all time.
 */
export interface Trace {
  /** The work, or what is left of it. */
  readonly work: Work;
}

/** What a work needs to make a correlation id. */
export interface PastContext {
  readonly clock: Clock;
  /** Makes correlation ids, if the program has a way of its own; never throws. */
  readonly ownCorrelationId?: (() => string) | undefined;
}

/** What stays of a message. */
interface Facts {
  readonly subject: string;
  readonly correlationId: string | undefined;
}

/** Leads to an invocation while it lasts, and is what is left of it for code that its handler left running. */
export class InvocationTrace implements Trace, Work {
  readonly #context: PastContext;
  #live: Work | undefined;
  #subject = "";
  #correlationId: string | undefined;

  constructor(live: Work, context: PastContext) {
    this.#live = live;
    this.#context = context;
  }

  get work(): Work {
    return this.#live ?? this;
  }

  /** The id that the message came with, or one that stays the same from now on. */
  idOr(message: Facts): string {
    this.#correlationId ??= message.correlationId;
    return this.correlationId;
  }

  /** Lets go of the invocation; these facts of its message stay. */
  end({ subject, correlationId }: Facts): void {
    this.#live = undefined;
    this.#subject = subject;
    this.#correlationId ??= correlationId;
  }

  get subject(): string {
    return this.#subject;
  }

  get correlationId(): string {
    return this.#correlationId ??= this.#context.ownCorrelationId?.() ?? newToken();
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  /** Nobody waits for it any more. */
  get deadline(): number {
    return Infinity;
  }

  get isOver(): boolean {
    return true;
  }
}

/** The rule for a correlation id to send: the receiver would drop any other, and make one of its own. */
export const correlationId: Rule = (value) =>
  typeof value === "string" && value !== "" && isCorrelationId(value)
    ? undefined
    : "one line of 1 to 256 bytes";

/** Runs a function outside of every async context, including a program's own `AsyncLocalStorage`. */
export const outside: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();

/** Resolves in the context of this module, which a reaction has from where it is added. */
let begin = awaitOutside();
let begun: (() => void)[] = [];

/**
 * Begins a function outside of every async context, a microtask later. Within {@linkcode outside}, Deno's context holds
 * the snapshot itself, and each handler that runs there copies it, which takes half a microsecond.
 */
export function beginOutside<T>(run: () => PromiseLike<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  begun.push(() => resolve(Promise.try(run)));
  begin();
  return promise;
}

function awaitOutside(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  // never rejects: each of these functions settles a promise of its own, and throws nothing
  void promise.then(() => {
    begin = awaitOutside();
    const all = begun;
    begun = [];
    for (const run of all) run();
  });
  return resolve;
}

const encoder = new TextEncoder();
const traces = new AsyncLocalStorage<Trace>();

/** Runs a handler as part of a piece of work. */
export function runWithin<Input>(
  trace: Trace,
  run: (input: Input) => unknown,
  input: Input,
): unknown {
  return traces.run(trace, run, input);
}

/** The running handler that the calling code is part of; `undefined` outside of all handlers. */
export function currentWork(): Work | undefined {
  return traces.getStore()?.work;
}

/**
 * The id for what the calling code sends: the one that it names, that of its handler's message, or a new one, which
 * `make` makes.
 */
export function correlationIdFor(given: string | undefined, make = newToken): string {
  return given ?? currentWork()?.correlationId ?? make();
}

/** The longest correlation id to pass on, in bytes, as it goes into every message that follows from the first. */
const LONGEST_ID = 256;
const ASCII_ID = /^[ -~]*$/;

/** Whether to pass a received correlation id on. */
export function isCorrelationId(id: string | undefined): id is string {
  if (id === undefined || id.length > LONGEST_ID) return false;
  if (ASCII_ID.test(id)) return true;
  if (/[\p{Cc}\u2028\u2029]/u.test(id)) return false;
  // a UTF-16 unit takes three bytes at most
  return id.length * 3 <= LONGEST_ID || encoder.encode(id).length <= LONGEST_ID;
}

/**
 * The program's own way to make correlation ids, with each id checked.
 *
 * @throws {TypeError} at each call that gives no valid one
 */
export function ownCorrelationIds(make: (() => string) | undefined): (() => string) | undefined {
  if (!make) return undefined;
  let isMaking = false;
  return () => {
    // what it sends would need an id, and so on without end
    if (isMaking) throw wrong("not send", "it did");
    isMaking = true;
    let id: unknown;
    try {
      id = made(make);
    } finally {
      isMaking = false;
    }
    const rule = correlationId(id);
    if (!rule) return id as string;
    // nobody else would see the rejection
    if (isThenable(id)) Promise.resolve(id).catch(() => {});
    throw wrong(`give ${rule}`, describe(id));
  };
}

function made(make: () => unknown): unknown {
  try {
    return make();
  } catch (cause) {
    const { message } = asError(cause, "it threw");
    throw wrong("not throw", message, { cause });
  }
}

function wrong(rule: string, found: string, options?: ErrorOptions): TypeError {
  const sentence = `Cannot make a correlation id as "correlationId" must ${rule}: ${found}`;
  return new TypeError(sentence, options);
}

/** The clock of the calling code: its handler's, or the platform's. */
export function clockOfWork(): Clock {
  return currentWork()?.clock ?? platformClock;
}

/**
 * How long a request from within a handler may take, in milliseconds: no longer than the handler's caller waits. A
 * request from code that a finished handler left running may take its whole timeout.
 *
 * @throws {TimeoutError} if that time is over
 */
export function timeWithinWork(timeout: number, subject: string): number {
  const work = currentWork();
  if (!work || work.isOver) return timeout;
  const remaining = Math.min(timeout, work.deadline - work.clock.now());
  if (remaining < 0) throw new TimeoutError(`request "${subject}"`, 0, subject);
  return remaining;
}
