import type { FlowState, HandshakeTerms } from "../frames/control_frames.ts";
import type { ControlKind } from "../frames/frame.ts";
import type { ResponseLimit } from "../link_options.ts";
import type { FrameWriter } from "./link_events.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import { IssuedReplyAddresses, SendPermits } from "./send_permits.ts";
import { RewindDelay, type SendWindow } from "./send_window.ts";

/** One message stays in reserve for control frames, which must not wait. */
const RESERVE = 1;
/** A peer that lost this many unused addresses, as after a reconnect, gets new ones, with a message for each. */
const MANY_LOST = 8;
/** The time between two such losses, in milliseconds: a peer could claim one in each message, and get 36 frames. */
const LOSS_STEP = 200;

/** Sends numbered frames, and control frames with the state of both directions. */
export class FrameSender {
  /** Where we may send to. */
  readonly permits: SendPermits;
  readonly #out: SendWindow;
  readonly #in: ReceiveWindow;
  readonly #writer: FrameWriter;
  #issued = new IssuedReplyAddresses(0, 0);
  #rewinds: RewindDelay | undefined;
  /** The serial of the last control frame; the opening or the acceptance has 1. */
  #serial = 1;
  /** How many bytes the peer takes as one message. */
  #most = 0;
  /** Whether `draining` is still unsent; no other frame says it. */
  #isDraining = false;
  #isDown = false;
  #nextLoss = -Infinity;

  constructor(
    out: SendWindow,
    incoming: ReceiveWindow,
    limit: ResponseLimit | undefined,
    writer: FrameWriter,
  ) {
    this.#out = out;
    this.#in = incoming;
    this.permits = new SendPermits(limit);
    this.#writer = writer;
  }

  /** The reply addresses that this side has issued to its peer. */
  get issued(): IssuedReplyAddresses {
    return this.#issued;
  }

  /** Learns the peer's terms and its first address. */
  learnPeer(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    const { frames, bytes, responses, several } = terms;
    this.#issued = new IssuedReplyAddresses(responses, this.#in.window.messages);
    this.permits.grant(address, serial, now);
    this.#most = several;
    this.#out.learn({ received: 0, frames, bytes, sent: 0, spent: 0 });
  }

  /** Takes the address that the acceptance goes to; `undefined` if none is left. */
  accept(now: number): string | undefined {
    this.#issued.give(this.#serial);
    return this.permits.take(now);
  }

  /** Takes an address and a serial for one control frame; `undefined` if there is no address. */
  take(now: number): { readonly address: string; readonly serial: number } | undefined {
    const address = this.#isDown ? undefined : this.permits.take(now);
    if (address === undefined) return undefined;
    const serial = ++this.#serial;
    this.#issued.give(serial);
    return { address, serial };
  }

  /** Sends a control frame with the state of both directions. */
  say(kind: ControlKind, now: number): void {
    const way = this.take(now);
    if (!way) return;
    if (kind === "draining") this.#isDraining = false;
    this.#in.told();
    const { acknowledged: received, frames, room: bytes } = this.#in;
    const state = { received, frames, bytes, sent: this.#out.told, spent: this.permits.spent };
    this.#writer.say(kind, way.serial, state, way.address);
  }

  /** Acknowledges what has come, unless the peer knows already. */
  acknowledge(now: number): void {
    if (this.#in.isNews) this.say("credit", now);
  }

  /** Tells the peer of new room, if there is enough of it. */
  credit(now: number): void {
    if (this.#in.isCreditDue) this.say("credit", now);
  }

  /** Asks for missing frames, once per gap. */
  ask(now: number): void {
    if (this.#in.ask()) this.say("gap", now);
  }

  /** Tells the peer that this broker stops, now or as soon as there is an address. */
  drain(now: number): void {
    this.#isDraining = true;
    this.say("draining", now);
  }

  /**
   * Learns the peer's state, and one more address of it.
   *
   * @returns whether that is possible
   */
  learn(state: FlowState, address: string, serial: number, now: number): boolean {
    this.permits.grant(address, serial, now);
    // every control frame repeats it, so a later one makes up for what is ignored now
    if (now >= this.#nextLoss && this.#issued.void(state.spent) >= MANY_LOST) {
      this.#nextLoss = now + LOSS_STEP;
    }
    if (this.#isDraining) this.say("draining", now);
    return this.#out.learn(state);
  }

  /** When to send frames again; `Infinity` if the peer misses none. */
  get rewindDue(): number {
    return this.#rewinds?.due ?? Infinity;
  }

  /** Sends unacknowledged frames again, as soon as the delay permits. */
  rewind(): void {
    (this.#rewinds ??= new RewindDelay()).want();
  }

  /** Sends as much as there is room for. Before the frame that closes the link it acknowledges what has come. */
  transmit(now: number, isClosing: boolean): void {
    this.#rewinds?.proceed(this.#out, now);
    // otherwise the peer would take what we have received for left behind
    if (isClosing && this.#out.peek()) {
      this.acknowledge(now);
      if (this.#in.isNews) return;
    }
    for (let frame; (frame = this.#out.peek());) {
      const isEnd = frame.code === "e" || frame.code === "f";
      if (this.permits.remaining(now) <= (isEnd ? 0 : RESERVE)) return;
      const frames = this.#out.take(Math.min(this.#most, this.#writer.largest));
      this.#writer.transmit(frames, this.permits.take(now)!);
    }
  }

  /** Whether to ask the peer for an acknowledgement, as unacknowledged frames are what limits sending. */
  isAcknowledgementDue(now: number): boolean {
    return this.#out.isAcknowledgementDue && !this.#isDown && this.permits.remaining(now) > RESERVE;
  }

  /** Issues reply addresses until the peer has enough. */
  supply(now: number): void {
    while (!this.#isDown && this.#issued.isShort && this.permits.remaining(now) > 0) {
      this.say("credit", now);
    }
  }

  /** The connection is lost, and with it the permits that the server had noted. */
  disconnected(): void {
    this.#isDown = true;
    this.permits.clear();
  }

  /** The connection is back. */
  connected(): void {
    this.#isDown = false;
  }
}
