import { sizeOf } from "../../message/raw_message.ts";
import {
  COMPLETE,
  type EndDetails,
  type FlowState,
  type HandshakeTerms,
  readEnding,
} from "../frames/control_frames.ts";
import type { ControlKind, Numbered, Unnumbered } from "../frames/frame.ts";
import type { LinkSettings, ResponseLimit } from "../link_options.ts";
import { FrameSender } from "./frame_sender.ts";
import type { FrameWriter, LinkEvents, LinkState } from "./link_events.ts";
import { LinkLife } from "./link_life.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { SendWindow, type Sent } from "./send_window.ts";

const GAP: EndDetails = { reason: "gap" };
/** The peer has sent more than there was room for. */
const BEYOND: EndDetails = { reason: "error", code: 413, description: "Sent beyond the window" };

/**
 * One side of a link, without any network or clock: calls report what happened, with the time, and its actions carry
 * out what follows. Every call is valid in every state.
 */
export class LinkMachine {
  readonly #out: SendWindow;
  readonly #in: ReceiveWindow;
  readonly #sender: FrameSender;
  readonly #life: LinkLife;
  readonly #events: LinkEvents;
  /** Whether the peer sends no bodies at all. */
  #isPeerSilent = false;

  constructor(
    settings: LinkSettings,
    limit: ResponseLimit | undefined,
    writer: FrameWriter,
    events: LinkEvents,
    now: number,
  ) {
    const out = this.#out = new SendWindow(settings.maxUnacknowledged);
    const incoming = this.#in = new ReceiveWindow(settings.window);
    const sender = this.#sender = new FrameSender(out, incoming, limit, writer);
    this.#life = new LinkLife(settings, { out, incoming, sender, writer, events }, now);
    this.#events = events;
  }

  get state(): LinkState {
    return this.#life.state;
  }

  /** Whether this side has aborted and waits for the peer's verdict. */
  get isSuspended(): boolean {
    return this.#life.end.suspended !== undefined;
  }

  /** Whether any frame of the peer has ever come. */
  get isMet(): boolean {
    return this.#life.liveness.isMet;
  }

  /** The frames that are unsent or unacknowledged. */
  get out(): Sent {
    return this.#out;
  }

  /** The number of the last frame that came in order. */
  get received(): number {
    return this.#in.received;
  }

  /** When `tick` has something to do at the earliest. */
  get due(): number {
    return this.#life.due;
  }

  /** Restricts a stream to one direction: its caller has sent everything with the opening. */
  restrict(to: "reading" | "sending"): void {
    if (to === "reading") this.#out.discard();
    else this.#in.isDone = this.#isPeerSilent = true;
  }

  /**
   * An opening has come: the link is open.
   *
   * @returns where the acceptance goes
   */
  opened(terms: HandshakeTerms, address: string, serial: number, now: number): string | undefined {
    if (this.state !== "opening") return undefined;
    this.#learnPeer(terms, address, serial, now);
    this.#life.open();
    return this.#sender.accept(now);
  }

  /** The peer has accepted our opening; if we have cancelled meanwhile, it learns that. */
  accepted(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    if (this.#life.isAlive) return this.#acceptedAgain(address, serial, now);
    if (this.state !== "opening" && this.state !== "leaving") return;
    this.#learnPeer(terms, address, serial, now);
    if (this.state === "leaving") return this.#life.leave(this.#life.end.own!, now);
    this.#life.heard(now);
    this.#sender.say("credit", now);
    this.#sender.supply(now);
  }

  /** Our opening will not be accepted any more. */
  refused(): void {
    if (this.state === "opening" || this.state === "leaving") this.#life.release();
  }

  /** Takes a frame for the next `flush`; returns its number, or 0 if this side sends nothing more. */
  give(frame: Unnumbered): number {
    if (!this.#life.isAlive || this.#out.isEnded) return 0;
    return this.#out.give(frame);
  }

  /** Sends the frames that there is room for. */
  flush(now: number): void {
    this.#life.liveness.used(now);
    this.#transmit(now);
  }

  /**
   * The program has read this many delivered frames, which makes room for others.
   *
   * @returns whether `credit` has something to say
   */
  read(size: number, frames = 1): boolean {
    this.#in.read(size, frames);
    return this.#in.isCreditDue && this.#life.isAlive && !this.#in.isDone;
  }

  /** Tells the peer of new room. */
  credit(now: number): void {
    if (this.#life.isAlive) this.#sender.credit(now);
  }

  /** Ends the link: sends `last` behind all other frames, and wants no more bodies. */
  close(ending: EndDetails, last: Unnumbered, now: number): void {
    if (!this.#life.isAlive || this.#life.end.own) return;
    const isSaid = this.#out.isEnded && this.#in.isDone;
    // the peer may consider it complete already
    if (isSaid && ending !== COMPLETE && this.state === "open") return this.abort(ending, now);
    this.#life.end.plan(ending);
    this.#in.isDone = true;
    if (!isSaid || ending !== COMPLETE) {
      this.#out.give(last);
      this.#transmit(now);
    }
    this.#life.finishIfDone(now);
  }

  /**
   * Aborts the link. If everything is said, the peer may consider it complete already: its verdict counts, if it comes
   * in time.
   */
  abort(ending: EndDetails, now: number): void {
    this.#life.abort(ending, now);
  }

  /** Aborts the link at once, as it cannot go on. */
  fail(ending: EndDetails, now: number): void {
    if (this.state === "finished") this.#life.release();
    else if (this.#life.isAlive || this.state === "opening") this.#life.leave(ending, now);
  }

  /** Our broker begins to stop. */
  drain(now: number): void {
    if (this.#life.isAlive) this.#sender.drain(now);
  }

  /** A message has used the address that our control frame of this serial issued. */
  addressed(serial: number): void {
    this.#sender.issued.use(serial);
  }

  /** A numbered frame has come. What it makes possible happens after the last frame of its message. */
  numbered(frame: Numbered, now: number, isLast = true): void {
    if (this.state === "finished") return this.#sender.say("farewell", now);
    if (!this.#life.isAlive) return;
    this.#life.heard(now);
    const isEnd = frame.code === "e" || frame.code === "f";
    const arrival = this.#in.arrive(frame.number, sizeOf(frame), isEnd);
    if (arrival === "next") this.#take(frame, now);
    else if (arrival === "early") this.#life.askAgain(now);
    else if (arrival === "beyond") this.#life.leave(BEYOND, now);
    if (isLast) this.#goOn(now);
  }

  /** A control frame has come. */
  control(kind: ControlKind, serial: number, flow: FlowState, address: string, now: number): void {
    if (this.state === "opening" || this.state === "over") return;
    const isPossible = this.#sender.learn(flow, address, serial, now);
    if (this.state === "leaving") return this.#life.leave(this.#life.end.own!, now);
    if (this.state === "finished") {
      return kind === "farewell" ? this.#life.release() : this.#sender.say("farewell", now);
    }
    this.#life.heard(now, kind === "probe");
    if (!isPossible) return this.#life.leave(GAP, now);
    this.#onControl(kind, flow, now);
    if (kind === "farewell") this.#life.peerSaidFarewell(flow, now);
    else this.#life.finishIfDone(now);
    this.#goOn(now);
  }

  /** The peer has left. */
  peerLeft(ending: EndDetails): void {
    if (this.#life.isAlive) this.#life.tell(ending);
    if (this.state !== "opening") this.#life.release();
  }

  /** A message of ours found no subscriber. */
  lost(now: number): void {
    if (this.#life.isAlive) this.#life.pause(now);
    else if (this.state !== "finished") this.#life.release();
  }

  /** A message of ours may have found no subscriber: the report may not come from the server. */
  doubt(now: number): void {
    if (this.state === "open" && !this.#life.liveness.isProbing) this.#life.probe(now);
  }

  /** Our connection is gone. */
  disconnected(now: number): void {
    this.#sender.disconnected();
    this.#life.pause(now);
    this.#life.liveness.lowered();
  }

  /** The connection is back; returns whether to look for the peer at once. */
  raised(now: number): boolean {
    this.#sender.connected();
    this.#life.liveness.raised();
    return this.state === "leaving" || this.#out.keptFrames > 0 || this.#life.liveness.isShort(now);
  }

  /** Looks for the peer after a reconnect. */
  resume(now: number): void {
    if (this.state === "paused") this.#life.probe(now);
    else if (this.state === "finished") this.#sender.say("farewell", now);
    else if (this.state === "leaving") this.#life.leave(this.#life.end.own!, now);
  }

  /** Does whatever is due. */
  tick(now: number): void {
    this.#life.tick(now);
    if (this.#sender.rewindDue <= now) this.#transmit(now);
  }

  #learnPeer(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    this.#sender.learnPeer(terms, address, serial, now);
    this.#life.liveness.capKeepAlive(terms.renew);
  }

  /** The peer repeats its acceptance, as it has not heard from us. */
  #acceptedAgain(address: string, serial: number, now: number): void {
    this.#sender.permits.grant(address, serial, now);
    this.#life.heard(now);
    this.#sender.say("credit", now);
    this.#goOn(now);
  }

  /** The next frame in order. */
  #take(frame: Numbered, now: number): void {
    this.#life.liveness.used(now);
    const { code } = frame;
    const isEnd = code === "e" || code === "f";
    const isWanted = !this.#in.isDone;
    if (!isWanted && !isEnd && !this.#isPeerSilent) this.#in.seal();
    if (!isWanted || isEnd) this.#in.read(sizeOf(frame));
    if (isEnd) this.#in.isDone = true;
    if (isWanted) this.#events.deliver(frame);
    if (code === "f") return this.#life.peerFinished(readEnding(frame), now);
    // a peer that has sent everything waits only for this
    if (isEnd) this.#sender.acknowledge(now);
    else this.#sender.credit(now);
    this.#life.finishIfDone(now);
  }

  #onControl(kind: ControlKind, { sent }: FlowState, now: number): void {
    const isMissing = sent > this.#in.received;
    if (kind === "probe") this.#sender.say(isMissing ? "gap" : "credit", now);
    else if (kind === "gap") this.#life.sendAgain(now);
    else if (kind === "draining") this.#events.draining();
    else if (kind === "credit" && isMissing) this.#life.askAgain(now);
  }

  #goOn(now: number): void {
    if (this.#life.isAlive) this.#sender.supply(now);
    this.#transmit(now);
  }

  #transmit(now: number): void {
    if (this.state !== "open") return;
    this.#sender.transmit(now, this.#life.end.own !== undefined);
    if (!this.#sender.isAcknowledgementDue(now)) return;
    this.#out.asked();
    this.#life.probe(now);
  }
}
