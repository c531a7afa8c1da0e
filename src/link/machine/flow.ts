import type { EndDetails, FlowState, HandshakeTerms } from "../frames/control_frames.ts";
import type { ControlKind, Numbered } from "../frames/frame.ts";
import { IssuedReplyAddresses, SendPermits } from "./send_permits.ts";
import type { LinkSettings, ResponseLimit } from "../link_options.ts";
import { type Arrival, ReceiveWindow } from "./receive_window.ts";
import type { Bounds } from "../../queue.ts";
import { RewindDelay, SendWindow } from "./send_window.ts";

/** Where frames go. */
export interface FrameWriter {
  /** How many bytes the server takes as one message. */
  readonly largest: number;
  /** Whether the control frame that was said last has not been handed to the socket. */
  readonly isWaiting: boolean;
  /** Sends numbered frames, as one message; it may get lost. */
  transmit(frames: readonly Numbered[], address: string): void;
  /** Sends a control frame; it may get lost. */
  say(kind: ControlKind, serial: number, tally: FlowState, address: string): void;
  /** Sends the frame that ends it at once. */
  leave(ending: EndDetails, serial: number, address: string): void;
}

/** One message stays in reserve, for a word that must not wait. */
const RESERVE = 1;
/** Who has lost so many addresses unused, as after a reconnect, has others in their place, a message each. */
const MANY_LOST = 8;
/** So long, in milliseconds, it loses no more: a side that lost all in each of its messages would be sent 36 for it. */
const LOSS_STEP = 200;

/** Both directions of a link: what may be sent and where, what has come, and what each side knows of the other. */
export class Flow {
  readonly out: SendWindow;
  readonly #in: ReceiveWindow;
  #rewinds: RewindDelay | undefined;
  readonly #window: Bounds;
  readonly #permits: SendPermits;
  readonly #writer: FrameWriter;
  #issued = new IssuedReplyAddresses(0, 0);
  /** The first went with the opening, or the acceptance. */
  #serial = 1;
  /** How many bytes may go as one message. */
  #most = 0;
  /** Whether the other side has yet to be told that we stop, which nothing else would tell it. */
  #isDraining = false;
  #isDown = false;
  #nextLoss = -Infinity;
  /** The last number that is acknowledged, whatever comes after it. */
  #sealed = Infinity;
  /** What is told as sent, once nothing more is. */
  #leftAt: number | undefined;

  constructor(
    { window, maxUnacknowledged }: Pick<LinkSettings, "window" | "maxUnacknowledged">,
    allowance: ResponseLimit | undefined,
    writer: FrameWriter,
  ) {
    this.out = new SendWindow(maxUnacknowledged);
    this.#window = window;
    this.#in = new ReceiveWindow(window);
    this.#permits = new SendPermits(allowance);
    this.#writer = writer;
  }

  /** The number of the last frame that came in order. */
  get received(): number {
    return this.#in.received;
  }

  /** The other side is known: what it told of itself, and where to send. */
  learnPeer(
    { frames, bytes, responses, several }: HandshakeTerms,
    address: string,
    serial: number,
    now: number,
  ): void {
    this.#issued = new IssuedReplyAddresses(responses, this.#window.messages);
    this.#permits.grant(address, serial, now);
    this.#most = several;
    this.out.learn({ received: 0, frames, bytes, sent: 0, spent: 0 });
  }

  /** Where the acceptance goes, `undefined` if there is nowhere. */
  accept(now: number): string | undefined {
    this.#issued.give(this.#serial);
    return this.#permits.take(now);
  }

  /** An address for one frame that is sent from elsewhere, with its serial; `undefined` if there is none. */
  take(now: number): { readonly address: string; readonly serial: number } | undefined {
    const address = this.#isDown ? undefined : this.#permits.take(now);
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
    const { frames, room: bytes } = this.#in;
    const sent = this.#leftAt ?? this.out.sent;
    const tally = { received: this.#received, frames, bytes, sent, spent: this.#permits.spent };
    this.#writer.say(kind, way.serial, tally, way.address);
  }

  /** Says what has come, if the other side does not know. */
  acknowledge(now: number): void {
    if (this.#in.isNews) this.say("credit", now);
  }

  /** The frame that came last is dropped unread: it is not acknowledged, nor is any after it. */
  seal(): void {
    this.#sealed = Math.min(this.#sealed, this.#in.received - 1);
  }

  /** Whether something was dropped unread. */
  get isSealed(): boolean {
    return this.#sealed < Infinity;
  }

  /** Keeps nothing more, as nobody wants it; whether that was more than an end is told as what has been sent. */
  abandon(): void {
    const { out } = this;
    this.#leftAt = out.isKeepingBodies ? out.last : out.last - out.keptFrames;
    out.discard();
  }

  /** Says that there is room, if there is so much that the other side should know. */
  credit(now: number): void {
    if (this.#in.isCreditDue) this.say("credit", now);
  }

  /**
   * Learns what the other side knows, and a further address of it.
   *
   * @returns whether it can be so
   */
  learn(tally: FlowState, address: string, serial: number, now: number): boolean {
    this.#permits.grant(address, serial, now);
    // every control frame says it, so that what is passed over now is heard with a later one
    if (now >= this.#nextLoss && this.#issued.void(tally.spent) >= MANY_LOST) {
      this.#nextLoss = now + LOSS_STEP;
    }
    if (this.#isDraining) this.say("draining", now);
    return this.out.learn(tally);
  }

  /** A further address of the other side. */
  grant(address: string, serial: number, now: number): void {
    this.#permits.grant(address, serial, now);
  }

  /** We stop: said now, or as soon as it can be. */
  drain(now: number): void {
    this.#isDraining = true;
    this.say("draining", now);
  }

  /** Whether the other side has sent what has not come. */
  isMissing({ sent }: FlowState): boolean {
    return sent > this.#in.received;
  }

  /** Whether the other side, which says farewell, had something for us that we have not acknowledged. */
  isLeftBehind({ sent }: FlowState): boolean {
    return sent > this.#received;
  }

  /** Asks for what is missing, once. */
  ask(now: number): void {
    if (this.#in.ask()) this.say("gap", now);
  }

  /** A numbered frame has come. */
  arrive(number: number, size: number, isEnd: boolean): Arrival {
    return this.#in.arrive(number, size, isEnd);
  }

  /**
   * So many frames have been read, of so many bytes together.
   *
   * @returns whether the other side should know
   */
  read(size: number, frames = 1): boolean {
    this.#in.read(size, frames);
    return this.#in.isCreditDue;
  }

  /** A message came to the address that went with our frame of this serial. */
  addressed(serial: number): void {
    this.#issued.use(serial);
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
  pump(now: number, isClosing: boolean): void {
    this.#rewinds?.proceed(this.out, now);
    // or the other side would take what we have for something that was left behind
    if (isClosing && this.out.peek()) {
      this.acknowledge(now);
      if (this.#in.isNews) return;
    }
    for (let frame; (frame = this.out.peek());) {
      const isEnd = frame.code === "e" || frame.code === "f";
      if (this.#permits.remaining(now) <= (isEnd ? 0 : RESERVE)) return;
      const frames = this.out.take(Math.min(this.#most, this.#writer.largest));
      this.#writer.transmit(frames, this.#permits.take(now)!);
    }
  }

  /** Whether what we may keep is running out while the other side has room for more, and can be asked. */
  isAcknowledgementDue(now: number): boolean {
    return this.out.isAcknowledgementDue && !this.#isDown && this.#permits.remaining(now) > RESERVE;
  }

  /** Gives the other side as many addresses as it must have. */
  supply(now: number): void {
    while (!this.#isDown && this.#issued.isShort && this.#permits.remaining(now) > 0) {
      this.say("credit", now);
    }
  }

  /** The number of the last frame that came in order and was not dropped unread. */
  get #received(): number {
    return Math.min(this.#in.received, this.#sealed);
  }

  /** The connection is gone, and with it what the server had noted. */
  disconnected(): void {
    this.#isDown = true;
    this.#permits.clear();
  }

  /** The connection is back. */
  connected(): void {
    this.#isDown = false;
  }
}
