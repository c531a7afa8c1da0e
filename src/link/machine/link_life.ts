import { COMPLETE, type EndDetails, type FlowState } from "../frames/control_frames.ts";
import type { LinkSettings } from "../link_options.ts";
import { EndState, verdictOf } from "./end_state.ts";
import type { FrameSender } from "./frame_sender.ts";
import type { FrameWriter, LinkEvents, LinkState } from "./link_events.ts";
import { Liveness } from "./liveness.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import type { SendWindow } from "./send_window.ts";

const GAP: EndDetails = { reason: "gap" };

/** The parts that a link's life uses. */
export interface LinkParts {
  readonly out: SendWindow;
  readonly incoming: ReceiveWindow;
  readonly sender: FrameSender;
  readonly writer: FrameWriter;
  readonly events: LinkEvents;
}

/** The state of a link, whether its peer is reachable, and how it ends. */
export class LinkLife {
  readonly liveness: Liveness;
  readonly end: EndState;
  /** Whether any loss ends the link. */
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

  /** A frame of the peer has come, so it is reachable. */
  heard(now: number, isProbe = false): void {
    this.liveness.heard(now, isProbe);
    this.#state = "open";
  }

  /** The peer is unreachable. */
  pause(now: number): void {
    if (this.#state !== "open") return;
    if (this.end.suspended) return this.leave(this.end.suspended, now);
    if (this.#cannotResume) return this.leave({ reason: "peer-gone" }, now);
    this.#state = "paused";
    this.liveness.paused(now);
  }

  /** Asks the peer for a sign of life. */
  probe(now: number): void {
    this.liveness.probed(now);
    // the peer may have lost the acceptance, and nothing else counts before it
    this.#sender.say(this.liveness.isMet ? "probe" : "open", now);
  }

  /** Does whatever is due. */
  tick(now: number): void {
    if (!this.isAlive) return this.#linger(now);
    if (now >= this.end.verdictAt) return this.leave(this.end.suspended!, now);
    const overdue = this.liveness.overdue(now, this.#circumstances);
    if (overdue === "probe") this.#probeOnce(now);
    else if (overdue === "pause") this.pause(now);
    else if (overdue === "idle") this.abort({ reason: "idle" }, now);
    else if (overdue === "gone") this.leave({ reason: "peer-gone" }, now);
  }

  /**
   * Aborts the link. If everything is said, the peer may consider it complete already: its verdict counts, if it comes
   * in time.
   */
  abort(ending: EndDetails, now: number): void {
    if (this.#state === "finished") return this.release();
    if (this.end.suspended || (!this.isAlive && this.#state !== "opening")) return;
    const isSaid = this.#out.isEnded && this.#out.sent === this.#out.last && this.#in.isDone;
    if (this.#state !== "open" || !isSaid) return this.leave(ending, now);
    this.end.suspend(ending, now);
  }

  /** Aborts the link at once, and tells the peer as soon as there is an address. */
  leave(ending: EndDetails, now: number): void {
    const way = this.#sender.take(now);
    this.#state = way ? "over" : "leaving";
    this.end.leave(ending, now);
    if (way) this.#writer.abort(ending, way.serial, way.address);
    this.tell(ending);
    if (way) this.release();
    else this.#out.discard();
  }

  /** A frame is missing: asks for it, or ends the link if it cannot resume. */
  askAgain(now: number): void {
    if (this.#cannotResume) this.leave(GAP, now);
    else this.#sender.ask(now);
  }

  /** The peer misses frames. */
  sendAgain(now: number): void {
    if (this.#cannotResume) return this.leave(GAP, now);
    this.#sender.rewind();
    // a lost frame may have carried an acknowledgement, and the reason of the end depends on it
    if (this.end.own) this.#sender.say("credit", now);
  }

  /** Finishes once the peer has acknowledged our end and has sent its own. */
  finishIfDone(now: number): void {
    if (!this.isAlive || !this.#out.isDone || !this.#in.isDone) return;
    this.#finish(verdictOf(this.end.own ?? COMPLETE, this.#in.isSealed), now);
  }

  /** The peer ends the link and takes nothing more. */
  peerFinished(ending: EndDetails, now: number): void {
    const isInVain = this.#out.isKeepingBodies || this.#in.isSealed;
    this.#out.cancel();
    const { own } = this.end;
    const isOurs = own && (ending === COMPLETE || own !== COMPLETE);
    this.#finish(verdictOf(isOurs ? own : ending, isInVain), now);
  }

  /** The peer says farewell: it has everything it wants, whether or not our last frame arrived. */
  peerSaidFarewell({ sent }: FlowState, now: number): void {
    if (!this.isAlive) return;
    const isDone = this.end.own !== undefined || this.#out.isDone;
    if (!isDone || !this.#in.isDone) return this.leave(GAP, now);
    // it may have sent a body that we have not acknowledged
    const isInVain = this.#out.isKeepingBodies || sent > this.#in.acknowledged;
    this.#finish(verdictOf(this.end.own ?? COMPLETE, isInVain), now);
    this.release();
  }

  /** Reports the end, once. */
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

  /** Everything is said; the peer may not know it yet. */
  #finish(ending: EndDetails, now: number): void {
    this.#state = "finished";
    this.end.finish(now);
    this.#sender.say("farewell", now);
    this.tell(ending);
  }

  /** Probes, unless the last probe still waits for the socket: another would only wait behind it. */
  #probeOnce(now: number): void {
    if (this.#state === "paused" && this.#writer.isWaiting) this.liveness.probed(now);
    else this.probe(now);
  }

  /** Asks again, or stops lingering. */
  #linger(now: number): void {
    const due = this.end.linger(now);
    if (due === "release") this.release();
    else if (due === "ask") this.#sender.say("probe", now);
  }
}
