import { COMPLETE, type EndDetails, type FlowState } from "../frames/control_frames.ts";
import type { LinkSettings } from "../link_options.ts";
import { EndState, verdictOf } from "./end_state.ts";
import type { FrameSender } from "./frame_sender.ts";
import type { FrameWriter, LinkEvents, LinkState } from "./link_events.ts";
import { Liveness } from "./liveness.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import type { SendWindow } from "./send_window.ts";

const GAP: EndDetails = { reason: "gap" };

/** What a link's life depends on. */
export interface LinkParts {
  readonly out: SendWindow;
  readonly incoming: ReceiveWindow;
  readonly sender: FrameSender;
  readonly writer: FrameWriter;
  readonly events: LinkEvents;
}

/** The state that a link is in, whether the other side is in reach, and the ways it can end. */
export class LinkLife {
  readonly liveness: Liveness;
  readonly end: EndState;
  /** Whether it ends as soon as anything is lost. */
  readonly #cannotResume: boolean;
  readonly #out: SendWindow;
  readonly #in: ReceiveWindow;
  readonly #sender: FrameSender;
  readonly #writer: FrameWriter;
  readonly #events: LinkEvents;
  #state: LinkState = "opening";

  constructor(settings: LinkSettings, parts: LinkParts, now: number) {
    this.#out = parts.out;
    this.#in = parts.incoming;
    this.#sender = parts.sender;
    this.#writer = parts.writer;
    this.#events = parts.events;
    this.liveness = new Liveness(settings, now);
    this.end = new EndState(settings.resumeTimeout);
    this.#cannotResume = settings.resumeTimeout === 0;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether both sides talk, in reach or not. */
  get isAlive(): boolean {
    return this.#state === "open" || this.#state === "paused";
  }

  /** When `tick` has something to do at the earliest. */
  get due(): number {
    if (!this.isAlive) return this.end.lingerDue;
    const again = this.#state === "open" ? this.#sender.rewindDue : Infinity;
    return Math.min(again, this.end.verdictAt, this.liveness.due(this.#circumstances));
  }

  /** Both sides talk. */
  open(): void {
    this.#state = "open";
  }

  /** The other side has said something, so it is in reach. */
  heard(now: number, isProbe = false): void {
    this.liveness.heard(now, isProbe);
    this.#state = "open";
  }

  /** The other side is out of reach. */
  pause(now: number): void {
    if (this.#state !== "open") return;
    if (this.end.suspended) return this.leave(this.end.suspended, now);
    if (this.#cannotResume) return this.leave({ reason: "peer gone" }, now);
    this.#state = "paused";
    this.liveness.paused(now);
  }

  /** Asks the other side for a sign of life. */
  probe(now: number): void {
    this.liveness.probed(now);
    // an acceptance that was lost is the first thing that the other side has to hear
    this.#sender.say(this.liveness.isMet ? "probe" : "open", now);
  }

  /** Does what it is time for. */
  tick(now: number): void {
    if (!this.isAlive) return this.#linger(now);
    if (now >= this.end.verdictAt) return this.leave(this.end.suspended!, now);
    const overdue = this.liveness.overdue(now, this.#circumstances);
    if (overdue === "probe") this.#probeOnce(now);
    else if (overdue === "pause") this.pause(now);
    else if (overdue === "idle") this.abort({ reason: "idle" }, now);
    else if (overdue === "gone") this.leave({ reason: "peer gone" }, now);
  }

  /** Leaves at once; where all is said, the other side may take it for complete already, and is heard first. */
  abort(ending: EndDetails, now: number): void {
    if (this.#state === "finished") return this.release();
    if (this.end.suspended || (!this.isAlive && this.#state !== "opening")) return;
    const isSaid = this.#out.isEnded && this.#out.sent === this.#out.last && this.#in.isDone;
    if (this.#state !== "open" || !isSaid) return this.leave(ending, now);
    this.end.suspend(ending, now);
  }

  /** Ends it at once; where there is no address to say so, as soon as there is one. */
  leave(ending: EndDetails, now: number): void {
    const way = this.#sender.take(now);
    this.#state = way ? "over" : "leaving";
    this.end.leave(ending, now);
    if (way) this.#writer.abort(ending, way.serial, way.address);
    this.tell(ending);
    if (way) this.release();
    else this.#out.discard();
  }

  /** Something is missing before what came: the other side sends it again, if anything may be lost. */
  askAgain(now: number): void {
    if (this.#cannotResume) this.leave(GAP, now);
    else this.#sender.ask(now);
  }

  /** The other side misses something. */
  sendAgain(now: number): void {
    if (this.#cannotResume) return this.leave(GAP, now);
    this.#sender.rewind();
    // what was lost may have told what has come, and the end that follows decides by it
    if (this.end.own) this.#sender.say("credit", now);
  }

  /** All is said once our end has been acknowledged and the other's has come. */
  finishIfDone(now: number): void {
    if (!this.isAlive || !this.#out.isDone || !this.#in.isDone) return;
    this.#finish(verdictOf(this.end.own ?? COMPLETE, this.#in.isSealed), now);
  }

  /** The other side wants nothing more; what we had for it yet is in vain. */
  peerFinished(ending: EndDetails, now: number): void {
    const isInVain = this.#out.isKeepingBodies || this.#in.isSealed;
    this.#out.abandon();
    const { own } = this.end;
    const isOurs = own && (ending === COMPLETE || own !== COMPLETE);
    this.#finish(verdictOf(isOurs ? own : ending, isInVain), now);
  }

  /** The other side says farewell: it has all that it wants, whatever has become of our last frame. */
  peerSaidFarewell({ sent }: FlowState, now: number): void {
    if (!this.isAlive) return;
    const isDone = this.end.own !== undefined || this.#out.isDone;
    if (!isDone || !this.#in.isDone) return this.leave(GAP, now);
    // it may have had something for us that we have not acknowledged
    const isInVain = this.#out.isKeepingBodies || sent > this.#in.acknowledged;
    this.#finish(verdictOf(this.end.own ?? COMPLETE, isInVain), now);
    this.release();
  }

  /** Tells how it ended, if it has not been told. */
  tell(ending: EndDetails): void {
    if (this.end.tell()) this.#events.ended(ending);
  }

  /** Nothing is sent or taken any more. */
  release(): void {
    if (!this.end.release()) return;
    this.#state = "over";
    this.#out.discard();
    this.#events.released();
  }

  get #circumstances() {
    return { isPaused: this.#state === "paused", isWaiting: this.#out.keptFrames > 0 };
  }

  /** All is said; the other side may still have to be told. */
  #finish(ending: EndDetails, now: number): void {
    this.#state = "finished";
    this.end.finish(now);
    this.#sender.say("farewell", now);
    this.tell(ending);
  }

  /** A probe that has not left yet needs no other: that would only wait behind it. */
  #probeOnce(now: number): void {
    if (this.#state === "paused" && this.#writer.isWaiting) this.liveness.probed(now);
    else this.probe(now);
  }

  /** While all is said and not heard, or we have left and could not say so. */
  #linger(now: number): void {
    const due = this.end.linger(now);
    if (due === "release") this.release();
    else if (due === "ask") this.#sender.say("probe", now);
  }
}
