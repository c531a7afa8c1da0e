import type { Ending } from "./ending.ts";
import type { Flow, FrameWriter } from "./flow.ts";
import type { Numbered } from "./frame.ts";
import type { LinkSettings } from "./link_options.ts";
import { Liveness } from "./liveness.ts";

/**
 * Where a link is in its life: the opening is on its way (`opening`); both sides talk (`open`), or one is out of reach
 * (`paused`); we have left, and could not say so yet (`leaving`); all is said, and the other side may still ask
 * (`finished`); nothing more is sent or taken (`over`).
 */
export type LinkState = "opening" | "open" | "paused" | "leaving" | "finished" | "over";

/** What is done in the machine's name. */
export interface LinkActions extends FrameWriter {
  /** Sends the frame that ends it at once. */
  leave(ending: Ending, serial: number, address: string): void;
  /** Hands over a frame that came in order: a body, a piece of one, or the end of what comes in. */
  deliver(frame: Numbered): void;
  /** Tells that the other side's broker begins to stop. */
  draining(): void;
  /** Tells how it ended; once. */
  ended(ending: Ending): void;
  /** Nothing is sent or taken any more; once, and last. */
  released(): void;
}

/** A side that lingers asks so often, in milliseconds, whether the other has heard that all is said, and so long in all. */
const LINGER_STEP = 1_000;
const LINGER = 10_000;

/** The life of a link: the state it is in, whether the other side is in reach, and the ways it can end. */
export class LinkLife {
  readonly #actions: LinkActions;
  readonly #flow: Flow;
  readonly #liveness: Liveness;
  readonly #isBrittle: boolean;
  #state: LinkState = "opening";
  /** How we end it, once we do. */
  #own: Ending | undefined;
  #isTold = false;
  #isReleased = false;
  #lingerUntil = Infinity;
  #lingerAt = Infinity;

  constructor(flow: Flow, settings: LinkSettings, actions: LinkActions, now: number) {
    this.#flow = flow;
    this.#liveness = new Liveness(settings, now);
    this.#isBrittle = settings.resumeTimeout === 0;
    this.#actions = actions;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether both sides talk, in reach or not. */
  get isAlive(): boolean {
    return this.#state === "open" || this.#state === "paused";
  }

  /** How we end it, once we do. */
  get own(): Ending | undefined {
    return this.#own;
  }

  /** Whether it ends as soon as anything is lost. */
  get isBrittle(): boolean {
    return this.#isBrittle;
  }

  /** When `tick` has something to do at the earliest. */
  get due(): number {
    if (!this.isAlive) return Math.min(this.#lingerAt, this.#lingerUntil);
    return this.#liveness.due(this.#circumstances);
  }

  /** Both sides talk. */
  open(): void {
    this.#state = "open";
  }

  /** The other side has said something, so it is in reach. */
  hear(now: number): void {
    this.#liveness.heard(now);
    this.#state = "open";
  }

  /** A message went in either direction. */
  use(now: number): void {
    this.#liveness.used(now);
  }

  /** The other side is out of reach. */
  pause(now: number): void {
    if (this.#state !== "open") return;
    if (this.#isBrittle) return this.leave({ reason: "peer gone" }, now);
    this.#state = "paused";
    this.#liveness.paused(now);
  }

  /** Asks the other side for a sign of life. */
  probe(now: number): void {
    this.#liveness.probed(now);
    this.#flow.say("probe", now);
  }

  /** Does what it is time for. */
  tick(now: number): void {
    if (!this.isAlive) return this.#linger(now);
    const overdue = this.#liveness.overdue(now, this.#circumstances);
    if (overdue === "probe") this.probe(now);
    else if (overdue === "pause") this.pause(now);
    else if (overdue === "idle") this.leave({ reason: "idle" }, now);
    else if (overdue === "gone") this.leave({ reason: "peer gone" }, now);
  }

  /** We want it to end so, once all is said. */
  intend(ending: Ending): void {
    this.#own = ending;
  }

  /** All is said; the other side may still have to be told. */
  finish(ending: Ending, now: number): void {
    this.#state = "finished";
    this.#lingerAt = now + LINGER_STEP;
    this.#lingerUntil = now + LINGER;
    this.#flow.say("farewell", now);
    this.tell(ending);
  }

  /** Ends it at once; where there is no address to say so, as soon as there is one. */
  leave(ending: Ending, now: number): void {
    this.#own = ending;
    const way = this.#flow.take(now);
    this.#state = way ? "over" : "leaving";
    this.#lingerUntil = now + LINGER;
    if (way) this.#actions.leave(ending, way.serial, way.address);
    this.tell(ending);
    if (way) this.release();
  }

  /** Tells how it ended, if it has not been told. */
  tell(ending: Ending): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#actions.ended(ending);
  }

  /** Nothing is sent or taken any more. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#state = "over";
    this.#flow.out.discard();
    this.#actions.released();
  }

  get #circumstances() {
    return { isPaused: this.#state === "paused", isWaiting: this.#flow.out.keptFrames > 0 };
  }

  /** While all is said and not heard, or we have left and could not say so. */
  #linger(now: number): void {
    if (now >= this.#lingerUntil) return this.release();
    if (now < this.#lingerAt) return;
    this.#lingerAt = now + LINGER_STEP;
    this.#flow.say("probe", now);
  }
}
