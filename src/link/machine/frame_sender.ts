import type { FlowState, HandshakeTerms } from "../frames/control_frames.ts";
import type { ControlKind } from "../frames/frame.ts";
import type { ResponseLimit } from "../link_options.ts";
import type { FrameWriter } from "./link_events.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import { IssuedReplyAddresses, SendPermits } from "./send_permits.ts";
import { RewindDelay, type SendWindow } from "./send_window.ts";

/** One message stays in reserve, for a word that must not wait. */
const RESERVE = 1;
/** Who has lost so many addresses unused, as after a reconnect, has others in their place, a message each. */
const MANY_LOST = 8;
/** So long, in milliseconds, it loses no more: a side that lost all in each of its messages would be sent 36 for it. */
const LOSS_STEP = 200;

/** Sends what one side has to say: its numbered frames, and control frames with all that it knows of both directions. */
export class FrameSender {
  /** Where we may send to. */
  readonly permits: SendPermits;
  readonly #out: SendWindow;
  readonly #in: ReceiveWindow;
  readonly #writer: FrameWriter;
  #issued = new IssuedReplyAddresses(0, 0);
  #rewinds: RewindDelay | undefined;
  /** The first went with the opening, or the acceptance. */
  #serial = 1;
  /** How many bytes may go as one message. */
  #most = 0;
  /** Whether the other side has yet to be told that we stop, which nothing else would tell it. */
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

  /** The addresses of reply that we gave to the other side. */
  get issued(): IssuedReplyAddresses {
    return this.#issued;
  }

  /** The other side is known: what it told of itself, and where to send. */
  learnPeer(terms: HandshakeTerms, address: string, serial: number, now: number): void {
    const { frames, bytes, responses, several } = terms;
    this.#issued = new IssuedReplyAddresses(responses, this.#in.window.messages);
    this.permits.grant(address, serial, now);
    this.#most = several;
    this.#out.learn({ received: 0, frames, bytes, sent: 0, spent: 0 });
  }

  /** Where the acceptance goes, `undefined` if there is nowhere. */
  accept(now: number): string | undefined {
    this.#issued.give(this.#serial);
    return this.permits.take(now);
  }

  /** An address for one frame that is sent from elsewhere, with its serial; `undefined` if there is none. */
  take(now: number): { readonly address: string; readonly serial: number } | undefined {
    const address = this.#isDown ? undefined : this.permits.take(now);
    if (address === undefined) return undefined;
    const serial = ++this.#serial;
    this.#issued.give(serial);
    return { address, serial };
  }

  /** Says something to the other side, with all that is known here. */
  say(kind: ControlKind, now: number): void {
    const way = this.take(now);
    if (!way) return;
    if (kind === "draining") this.#isDraining = false;
    this.#in.told();
    const { acknowledged: received, frames, room: bytes } = this.#in;
    const state = { received, frames, bytes, sent: this.#out.told, spent: this.permits.spent };
    this.#writer.say(kind, way.serial, state, way.address);
  }

  /** Says what has come, if the other side does not know. */
  acknowledge(now: number): void {
    if (this.#in.isNews) this.say("credit", now);
  }

  /** Says that there is room, if there is so much that the other side should know. */
  credit(now: number): void {
    if (this.#in.isCreditDue) this.say("credit", now);
  }

  /** Asks for what is missing, once. */
  ask(now: number): void {
    if (this.#in.ask()) this.say("gap", now);
  }

  /** We stop: said now, or as soon as it can be. */
  drain(now: number): void {
    this.#isDraining = true;
    this.say("draining", now);
  }

  /**
   * Learns what the other side knows, and a further address of it.
   *
   * @returns whether it can be so
   */
  learn(state: FlowState, address: string, serial: number, now: number): boolean {
    this.permits.grant(address, serial, now);
    // every control frame says it, so that what is passed over now is heard with a later one
    if (now >= this.#nextLoss && this.#issued.void(state.spent) >= MANY_LOST) {
      this.#nextLoss = now + LOSS_STEP;
    }
    if (this.#isDraining) this.say("draining", now);
    return this.#out.learn(state);
  }

  /** When something is to be sent again, `Infinity` if the other side misses nothing. */
  get rewindDue(): number {
    return this.#rewinds?.due ?? Infinity;
  }

  /** The other side misses something: what it has not acknowledged is sent again, as soon as it may be. */
  rewind(): void {
    (this.#rewinds ??= new RewindDelay()).want();
  }

  /** Sends as much as there is room for; where the last of it closes the link, what has come is acknowledged before. */
  transmit(now: number, isClosing: boolean): void {
    this.#rewinds?.proceed(this.#out, now);
    // or the other side would take what we have for something that was left behind
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

  /** Whether what we may keep is running out while the other side has room for more, and can be asked. */
  isAcknowledgementDue(now: number): boolean {
    return this.#out.isAcknowledgementDue && !this.#isDown && this.permits.remaining(now) > RESERVE;
  }

  /** Gives the other side as many addresses as it must have. */
  supply(now: number): void {
    while (!this.#isDown && this.#issued.isShort && this.permits.remaining(now) > 0) {
      this.say("credit", now);
    }
  }

  /** The connection is gone, and with it what the server had noted. */
  disconnected(): void {
    this.#isDown = true;
    this.permits.clear();
  }

  /** The connection is back. */
  connected(): void {
    this.#isDown = false;
  }
}
