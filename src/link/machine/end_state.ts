import { COMPLETE, type EndDetails } from "../frames/control_frames.ts";

/** A side that lingers asks so often, in milliseconds, whether the other has heard that all is said. */
const LINGER_STEP = 1_000;
/** Who leaves when all is said waits so long for the other side's word on how it ended, in milliseconds. */
const VERDICT_TIME = 500;
/** A side wanted nothing more, and the other had more to say. */
const LEFT: EndDetails = { reason: "cancelled" };

/** How a link ends: not complete, if something was left behind on either side. */
export function verdictOf(ending: EndDetails, isInVain: boolean): EndDetails {
  return ending === COMPLETE && isInVain ? LEFT : ending;
}

/** How one side ends its link, and how long it stays for the other side to hear of it. */
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

  /** How we end it, once we do. */
  get own(): EndDetails | undefined {
    return this.#own;
  }

  /** How it ends if the other side does not say otherwise in time. */
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

  /** We want it to end so, once all is said. */
  plan(ending: EndDetails): void {
    this.#own = ending;
  }

  /** We leave, and the other side is heard first. */
  suspend(ending: EndDetails, now: number): void {
    this.#suspended = ending;
    this.#verdictAt = now + VERDICT_TIME;
  }

  /** All is said; the other side may still have to be told. */
  finish(now: number): void {
    this.#decide(now);
    this.#lingerAt = now + LINGER_STEP;
  }

  /** We leave at once; the other side may still have to be told. */
  leave(ending: EndDetails, now: number): void {
    this.#own = ending;
    this.#decide(now);
  }

  /** What it is time for, while all is said and not heard, or we have left and could not say so. */
  linger(now: number): "ask" | "release" | undefined {
    if (now >= this.#lingerUntil) return "release";
    if (now < this.#lingerAt) return undefined;
    this.#lingerAt = now + LINGER_STEP;
    return "ask";
  }

  /** Gives whether the program has yet to be told how it ended. */
  tell(): boolean {
    return !this.#isTold && (this.#isTold = true);
  }

  /** Nothing more is sent or taken; gives whether that is new. */
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
