import type { EndDetails } from "../frames/control_frames.ts";
import { Flow, type FrameWriter } from "./flow.ts";
import type { Numbered } from "../frames/frame.ts";
import type { LinkSettings, ResponseLimit } from "../link_options.ts";
import { Liveness } from "./liveness.ts";
import type { Sent } from "./send_window.ts";

/**
 * Where a link is in its life: the opening is on its way (`opening`); both sides talk (`open`), or one is out of reach
 * (`paused`); we have left, and could not say so yet (`leaving`); all is said, and the other side may still ask
 * (`finished`); nothing more is sent or taken (`over`).
 */
export type LinkState = "opening" | "open" | "paused" | "leaving" | "finished" | "over";

/** What the machine has to tell the program. */
export interface LinkEvents {
  /** A frame came in order: a body, a piece of one, or the end of what comes in. */
  deliver(frame: Numbered): void;
  /** The other side's broker begins to stop. */
  draining(): void;
  /** How it ended; once. */
  ended(ending: EndDetails): void;
  /** Nothing is sent or taken any more; once, and last. */
  released(): void;
}

/** A side that lingers asks so often, in milliseconds, whether the other has heard that all is said. */
const LINGER_STEP = 1_000;

/** Who leaves when all is said waits so long for the other side's word on how it ended, in milliseconds. */
const VERDICT_TIME = 500;

/** The life of a link: the state it is in, whether the other side is in reach, and the ways it can end. */
export abstract class LinkLife {
  protected readonly flow: Flow;
  protected readonly events: LinkEvents;
  readonly #writer: FrameWriter;
  readonly #liveness: Liveness;
  readonly #resumeTimeout: number;
  #state: LinkState = "opening";
  /** How we end it, once we do. */
  #own: EndDetails | undefined;
  /** How it ends if the other side does not say otherwise in time. */
  #suspended: EndDetails | undefined;
  #verdictAt = Infinity;
  #isTold = false;
  #isReleased = false;
  #lingerUntil = Infinity;
  #lingerAt = Infinity;

  constructor(
    settings: LinkSettings,
    allowance: ResponseLimit | undefined,
    writer: FrameWriter,
    events: LinkEvents,
    now: number,
  ) {
    this.flow = new Flow(settings, allowance, writer);
    this.events = events;
    this.#writer = writer;
    this.#liveness = new Liveness(settings, now);
    this.#resumeTimeout = settings.resumeTimeout;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether both sides talk, in reach or not. */
  protected get isAlive(): boolean {
    return this.#state === "open" || this.#state === "paused";
  }

  /** How we end it, once we do. */
  protected get own(): EndDetails | undefined {
    return this.#own;
  }

  /** Whether all is said and on its way, so that nothing but the other side's word on it is missing. */
  protected abstract get isSaid(): boolean;

  /** Whether this side has left, and how it ended is for the other side to say, within moments. */
  get isSuspended(): boolean {
    return this.#suspended !== undefined;
  }

  /** Whether the other side has ever said something. */
  get isMet(): boolean {
    return this.#liveness.isMet;
  }

  /** Whether it ends as soon as anything is lost. */
  protected get cannotResume(): boolean {
    return this.#resumeTimeout === 0;
  }

  /** When `tick` has something to do at the earliest. */
  get due(): number {
    if (!this.isAlive) return Math.min(this.#lingerAt, this.#lingerUntil);
    const again = this.#state === "open" ? this.flow.rewindDue : Infinity;
    return Math.min(again, this.#verdictAt, this.#liveness.due(this.#circumstances));
  }

  /** What is given and not sent yet, or sent and not acknowledged. */
  get out(): Sent {
    return this.flow.out;
  }

  /** Our opening will not be accepted any more. */
  refused(): void {
    if (this.#state === "opening" || this.#state === "leaving") this.release();
  }

  /** Leaves at once; where all is said, the other side may take it for complete already, and is heard first. */
  abort(ending: EndDetails, now: number): void {
    if (this.#state === "finished") return this.release();
    if (this.isSuspended || (!this.isAlive && this.#state !== "opening")) return;
    if (this.#state !== "open" || !this.isSaid) return this.leave(ending, now);
    this.#suspended = ending;
    this.#verdictAt = now + VERDICT_TIME;
  }

  /** Leaves at once, as it cannot go on. */
  fail(ending: EndDetails, now: number): void {
    if (this.#state === "finished") this.release();
    else if (this.isAlive || this.#state === "opening") this.leave(ending, now);
  }

  /** The other side has left. */
  peerLeft(ending: EndDetails): void {
    if (this.isAlive) this.tell(ending);
    if (this.#state !== "opening") this.release();
  }

  /** What we sent has found nobody. */
  lost(now: number): void {
    if (this.isAlive) this.pause(now);
    else if (this.#state !== "finished") this.release();
  }

  /** What we sent may have found nobody: somebody says so, and it cannot be told whether it is the server. */
  doubt(now: number): void {
    if (this.#state === "open" && !this.#liveness.isProbing) this.probe(now);
  }

  /** Our connection is gone. */
  disconnected(now: number): void {
    this.flow.disconnected();
    this.pause(now);
    this.#liveness.lowered();
  }

  /** Our connection is back, so that what comes can be answered; gives whether the other side has to be looked for at once. */
  raised(now: number): boolean {
    this.flow.connected();
    this.#liveness.raised();
    return this.#state === "leaving" || this.flow.out.keptFrames > 0 || this.#liveness.isShort(now);
  }

  /** Looks for the other side, once the connection is back. */
  resume(now: number): void {
    if (this.#state === "paused") this.probe(now);
    else if (this.#state === "finished") this.flow.say("farewell", now);
    else if (this.#state === "leaving") this.leave(this.#own!, now);
  }

  /** Both sides talk. */
  protected open(): void {
    this.#state = "open";
  }

  /** The other side has said something, so it is in reach. */
  protected hear(now: number, isProbe = false): void {
    this.#liveness.heard(now, isProbe);
    this.#state = "open";
  }

  /** A message went in either direction. */
  protected use(now: number): void {
    this.#liveness.used(now);
  }

  /** The other side is out of reach. */
  protected pause(now: number): void {
    if (this.#state !== "open") return;
    if (this.#suspended) return this.leave(this.#suspended, now);
    if (this.cannotResume) return this.leave({ reason: "peer gone" }, now);
    this.#state = "paused";
    this.#liveness.paused(now);
  }

  /** Asks the other side for a sign of life. */
  protected probe(now: number): void {
    this.#liveness.probed(now);
    // an acceptance that was lost is the first thing that the other side has to hear
    this.flow.say(this.#liveness.isMet ? "probe" : "open", now);
  }

  /** Must be heard so often, in milliseconds, as the other side's addresses do not last; 0 for as seldom as may be. */
  protected capKeepAlive(renew: number): void {
    if (renew > 0) this.#liveness.capKeepAlive(renew);
  }

  /** Does what it is time for. */
  tick(now: number): void {
    if (!this.isAlive) return this.#linger(now);
    if (now >= this.#verdictAt) return this.leave(this.#suspended!, now);
    const overdue = this.#liveness.overdue(now, this.#circumstances);
    if (overdue === "probe") this.#ask(now);
    else if (overdue === "pause") this.pause(now);
    else if (overdue === "idle") this.abort({ reason: "idle" }, now);
    else if (overdue === "gone") this.leave({ reason: "peer gone" }, now);
  }

  /** We want it to end so, once all is said. */
  protected planEnd(ending: EndDetails): void {
    this.#own = ending;
  }

  /** All is said; the other side may still have to be told. */
  protected finish(ending: EndDetails, now: number): void {
    this.#state = "finished";
    this.#suspended = undefined;
    this.#verdictAt = Infinity;
    this.#lingerAt = now + LINGER_STEP;
    this.#lingerUntil = now + this.#resumeTimeout;
    this.flow.say("farewell", now);
    this.tell(ending);
  }

  /** Ends it at once; where there is no address to say so, as soon as there is one. */
  protected leave(ending: EndDetails, now: number): void {
    this.#own = ending;
    this.#suspended = undefined;
    this.#verdictAt = Infinity;
    const way = this.flow.take(now);
    this.#state = way ? "over" : "leaving";
    this.#lingerUntil = now + this.#resumeTimeout;
    if (way) this.#writer.leave(ending, way.serial, way.address);
    this.tell(ending);
    if (way) this.release();
    else this.flow.out.discard();
  }

  /** Tells how it ended, if it has not been told. */
  protected tell(ending: EndDetails): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.events.ended(ending);
  }

  /** Nothing is sent or taken any more. */
  protected release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#state = "over";
    this.#lingerAt = this.#lingerUntil = Infinity;
    this.flow.out.discard();
    this.events.released();
  }

  get #circumstances() {
    return { isPaused: this.#state === "paused", isWaiting: this.flow.out.keptFrames > 0 };
  }

  /** A probe that has not left yet needs no other: that would only wait behind it. */
  #ask(now: number): void {
    if (this.#state === "paused" && this.#writer.isWaiting) this.#liveness.probed(now);
    else this.probe(now);
  }

  /** While all is said and not heard, or we have left and could not say so. */
  #linger(now: number): void {
    if (now >= this.#lingerUntil) return this.release();
    if (now < this.#lingerAt) return;
    this.#lingerAt = now + LINGER_STEP;
    this.flow.say("probe", now);
  }
}
