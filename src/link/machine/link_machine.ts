import { sizeOf } from "../../message/raw_message.ts";
import {
  COMPLETE,
  type EndDetails,
  type FlowState,
  type HandshakeTerms,
  readEnding,
} from "../frames/control_frames.ts";
import type { ControlKind, Numbered, Unnumbered } from "../frames/frame.ts";
import { LinkLife } from "./link_life.ts";

const GAP: EndDetails = { reason: "gap" };
/** A side wanted nothing more, and the other had more to say. */
const LEFT: EndDetails = { reason: "cancelled" };
/** The other side sends more than there is room for. */
const BEYOND: EndDetails = { reason: "error", code: 413, description: "There is no room for more" };

/**
 * One side of a link, without any network or clock: what happened comes in by calls, with the time, and what is to be
 * done goes out by its actions. Every call is right in every state.
 */
export class LinkMachine extends LinkLife {
  /** Whether nothing more is wanted from the other side, or it has said all. */
  #isInDone = false;
  /** Whether the other side has nothing to say from the beginning. */
  #isMute = false;

  /** One way only: a caller of a stream has said all with its opening, and whoever answers wants nothing more from it. */
  restrict(to: "reading" | "sending"): void {
    if (to === "reading") this.flow.out.discard();
    else this.#isInDone = this.#isMute = true;
  }

  /**
   * An opening has come: the link is open.
   *
   * @returns where the acceptance goes
   */
  opened(terms: HandshakeTerms, address: string, serial: number, now: number): string | undefined {
    if (this.state !== "opening") return undefined;
    this.#learnPeer(terms, address, serial, now);
    this.open();
    return this.flow.accept(now);
  }

  /** Our opening has been accepted; whoever accepted is told if we have left meanwhile. */
  accepted(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    if (this.isAlive) return this.#greeted(address, serial, now);
    if (this.state !== "opening" && this.state !== "leaving") return;
    this.#learnPeer(terms, address, serial, now);
    if (this.state === "leaving") return this.leave(this.own!, now);
    this.hear(now);
    this.flow.say("credit", now);
    this.flow.supply(now);
  }

  /** The number of the last frame that came in order. */
  get received(): number {
    return this.flow.received;
  }

  /** Takes a frame, to be sent by `flush`; gives its number, 0 if nothing more is sent from here. */
  give(frame: Unnumbered): number {
    if (!this.isAlive || this.flow.out.isEnded) return 0;
    return this.flow.out.give(frame);
  }

  /** Sends what was given, as far as there is room. */
  flush(now: number): void {
    this.use(now);
    this.#pump(now);
  }

  /**
   * So many frames that were delivered have been read, so there is room for others.
   *
   * @returns whether `credit` has something to say
   */
  read(size: number, frames = 1): boolean {
    return this.flow.read(size, frames) && this.isAlive && !this.#isInDone;
  }

  /** Says that there is room. */
  credit(now: number): void {
    if (this.isAlive) this.flow.credit(now);
  }

  /** Ends it from here: `last` goes behind all that was given, and nothing more is wanted. */
  close(ending: EndDetails, last: Unnumbered, now: number): void {
    if (!this.isAlive || this.own) return;
    const { out } = this.flow;
    const isSaid = out.isEnded && this.#isInDone;
    // the other side may take it for complete already
    if (isSaid && ending !== COMPLETE && this.state === "open") return this.abort(ending, now);
    this.planEnd(ending);
    this.#isInDone = true;
    if (!isSaid || ending !== COMPLETE) {
      out.give(last);
      this.#pump(now);
    }
    this.#check(now);
  }

  override tick(now: number): void {
    super.tick(now);
    if (this.flow.rewindDue <= now) this.#pump(now);
  }

  /** Our broker begins to stop. */
  drain(now: number): void {
    if (this.isAlive) this.flow.drain(now);
  }

  /** A message came to the address that went with our control frame of this serial. */
  addressed(serial: number): void {
    this.flow.addressed(serial);
  }

  /** A numbered frame has come; what it makes possible is done behind the `last` of its message. */
  numbered(frame: Numbered, now: number, isLast = true): void {
    if (this.state === "finished") return this.flow.say("farewell", now);
    if (!this.isAlive) return;
    this.hear(now);
    const isEnd = frame.code === "e" || frame.code === "f";
    const arrival = this.flow.arrive(frame.number, sizeOf(frame), isEnd);
    if (arrival === "next") this.#take(frame, now);
    else if (arrival === "early") this.#miss(now);
    else if (arrival === "beyond") this.leave(BEYOND, now);
    if (isLast) this.#goOn(now);
  }

  /** A control frame has come. */
  control(kind: ControlKind, serial: number, tally: FlowState, address: string, now: number): void {
    if (this.state === "opening" || this.state === "over") return;
    const isPossible = this.flow.learn(tally, address, serial, now);
    if (this.state === "leaving") return this.leave(this.own!, now);
    if (this.state === "finished") {
      return kind === "farewell" ? this.release() : this.flow.say("farewell", now);
    }
    this.hear(now, kind === "probe");
    if (!isPossible) return this.leave(GAP, now);
    this.#onControl(kind, tally, now);
    if (kind === "farewell") this.#part(tally, now);
    else this.#check(now);
    this.#goOn(now);
  }

  #learnPeer(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    this.flow.learnPeer(terms, address, serial, now);
    this.capKeepAlive(terms.renew);
  }

  /** The other side accepts once more, as it has not heard from us. */
  #greeted(address: string, serial: number, now: number): void {
    this.flow.grant(address, serial, now);
    this.hear(now);
    this.flow.say("credit", now);
    this.#goOn(now);
  }

  #take(frame: Numbered, now: number): void {
    this.use(now);
    const { code } = frame;
    const isEnd = code === "e" || code === "f";
    const isWanted = !this.#isInDone;
    if (!isWanted && !isEnd && !this.#isMute) this.flow.seal();
    if (!isWanted || isEnd) this.flow.read(sizeOf(frame));
    if (isEnd) this.#isInDone = true;
    if (isWanted) this.events.deliver(frame);
    if (code === "f") return this.#peerFinished(readEnding(frame), now);
    // whoever has said all waits for nothing but this
    if (isEnd) this.flow.acknowledge(now);
    else this.flow.credit(now);
    this.#check(now);
  }

  #onControl(kind: ControlKind, tally: FlowState, now: number): void {
    const isMissing = this.flow.isMissing(tally);
    if (kind === "probe") this.flow.say(isMissing ? "gap" : "credit", now);
    else if (kind === "gap") this.#rewind(now);
    else if (kind === "draining") this.events.draining();
    else if (kind === "credit" && isMissing) this.#miss(now);
  }

  /** The other side wants nothing more; what we had for it yet is in vain. */
  #peerFinished(ending: EndDetails, now: number): void {
    const isInVain = this.flow.out.isKeepingBodies || this.flow.isSealed;
    this.flow.abandon();
    const isOurs = this.own && (ending === COMPLETE || this.own !== COMPLETE);
    this.finish(this.#verdict(isOurs ? this.own! : ending, isInVain), now);
  }

  /** How it has ended: not complete, if something was left behind on either side. */
  #verdict(ending: EndDetails, isInVain: boolean): EndDetails {
    return ending === COMPLETE && isInVain ? LEFT : ending;
  }

  /** Something is missing before what came. */
  #miss(now: number): void {
    if (this.cannotResume) this.leave(GAP, now);
    else this.flow.ask(now);
  }

  #rewind(now: number): void {
    if (this.cannotResume) return this.leave(GAP, now);
    this.flow.rewind();
    // what was lost may have told what has come, and the end that follows decides by it
    if (this.own) this.flow.say("credit", now);
  }

  #goOn(now: number): void {
    if (this.isAlive) this.flow.supply(now);
    this.#pump(now);
  }

  #pump(now: number): void {
    if (this.state !== "open") return;
    this.flow.pump(now, this.own !== undefined);
    if (!this.flow.isAcknowledgementDue(now)) return;
    this.flow.out.asked();
    this.probe(now);
  }

  /** All is said once our end has been acknowledged and the other's has come. */
  #check(now: number): void {
    if (!this.isAlive || !this.flow.out.isDone || !this.#isInDone) return;
    this.finish(this.#verdict(this.own ?? COMPLETE, this.flow.isSealed), now);
  }

  /** The other side says farewell: it has all that it wants, whatever has become of our last frame. */
  #part(tally: FlowState, now: number): void {
    if (!this.isAlive) return;
    const isDone = this.own !== undefined || this.flow.out.isDone;
    if (!isDone || !this.#isInDone) return this.leave(GAP, now);
    const isInVain = this.flow.out.isKeepingBodies || this.flow.isLeftBehind(tally);
    this.finish(this.#verdict(this.own ?? COMPLETE, isInVain), now);
    this.release();
  }

  /** Whether all is said and on its way, so that nothing but the other side's word on it is missing. */
  protected override get isSaid(): boolean {
    const { out } = this.flow;
    return out.isEnded && out.sent === out.last && this.#isInDone;
  }
}
