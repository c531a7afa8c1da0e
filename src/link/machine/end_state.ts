import { COMPLETE, type EndDetails } from "../frames/control_frames.ts";

/** How often a finished side asks whether its peer knows that everything has been said, in milliseconds. */
const LINGER_STEP = 1_000;
/** How long a side that aborts a finished conversation waits for its peer's verdict, in milliseconds. */
const VERDICT_TIME = 500;
/** One side wanted nothing more while the other still had bodies to send. */
const LEFT: EndDetails = { reason: "cancelled" };

/** The reason a link ends with: not `complete` if either side left a body behind. */
export function verdictOf(ending: EndDetails, isInVain: boolean): EndDetails {
  return ending === COMPLETE && isInVain ? LEFT : ending;
}

/** How one side ends its link, and how long it lingers until its peer knows. */
export class EndState {
  readonly #resumeTimeout: number;
  #own: EndDetails | undefined;
  #suspended: EndDetails | undefined;
  #verdictAt = Infinity;
  #lingerUntil = Infinity;
  #lingerAt = Infinity;
  #isTold = false;
  #isReleased = false;

  constructor(resumeTimeout: number) {
    this.#resumeTimeout = resumeTimeout;
  }

  /** How this side ends the link; `undefined` until it does. */
  get own(): EndDetails | undefined {
    return this.#own;
  }

  /** How the link ends unless the peer says otherwise in time. */
  get suspended(): EndDetails | undefined {
    return this.#suspended;
  }

  /** When that time is over. */
  get verdictAt(): number {
    return this.#verdictAt;
  }

  /** When `linger` has something to do at the earliest. */
  get lingerDue(): number {
    return Math.min(this.#lingerAt, this.#lingerUntil);
  }

  /** Ends the link so once everything is acknowledged. */
  plan(ending: EndDetails): void {
    this.#own = ending;
  }

  /** Aborts the link so, unless the peer's verdict arrives first. */
  suspend(ending: EndDetails, now: number): void {
    this.#suspended = ending;
    this.#verdictAt = now + VERDICT_TIME;
  }

  /** Everything is said; the peer may not know it yet. */
  finish(now: number): void {
    this.#decide(now);
    this.#lingerAt = now + LINGER_STEP;
  }

  /** Aborts the link at once; the peer may not know it yet. */
  leave(ending: EndDetails, now: number): void {
    this.#own = ending;
    this.#decide(now);
  }

  /** What to do now while the link lingers: ask the peer again, or stop lingering. */
  linger(now: number): "ask" | "release" | undefined {
    if (now >= this.#lingerUntil) return "release";
    if (now < this.#lingerAt) return undefined;
    this.#lingerAt = now + LINGER_STEP;
    return "ask";
  }

  /** Returns whether the program does not know yet how the link ended. */
  tell(): boolean {
    return !this.#isTold && (this.#isTold = true);
  }

  /** Sends and takes nothing more; returns whether that is new. */
  release(): boolean {
    this.#lingerAt = this.#lingerUntil = Infinity;
    return !this.#isReleased && (this.#isReleased = true);
  }

  #decide(now: number): void {
    this.#suspended = undefined;
    this.#verdictAt = Infinity;
    this.#lingerUntil = now + this.#resumeTimeout;
  }
}
