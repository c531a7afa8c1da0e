import type { Clock } from "../clock.ts";
import type { Trace, Work } from "../message/work.ts";
import { newToken } from "../subject/subject.ts";

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
