import { CutMessage, LONGEST_LINE } from "./cut_message.ts";
import { beginsMessage, MessageLine, unreadable } from "./message_line.ts";
import { isReplyAddress } from "./reply_address.ts";
import { WirePacket } from "./wire_packet.ts";

/** Takes everything that is not a message, in pieces as they arrive. */
export interface ControlParser {
  parse(piece: Uint8Array): void;
  /** 0 while no line has begun. */
  readonly state: number;
}

/** The receiver of a message. */
export interface Addressee {
  take(packet: WirePacket): void;
}

/** Finds the receivers of messages, and takes the reports of the reader. */
export interface Recipients {
  /**
   * Returns the receiver of a subscription's messages, by its number; without one, the message goes to the client's
   * parser.
   */
  addressee(sid: number): Addressee | undefined;
  /** Reports a dropped message, as its reply address is invalid. */
  unanswerable(packet: WirePacket): void;
  /** Reports, once, data that no server sends: everything behind it is unreadable. */
  failed(error: Error): void;
}

const [LF, CR] = [10, 13] as const;

/**
 * Reads the server's bytes, cut anywhere: passes messages to their receivers and everything else to the client's
 * parser. The client's parser would read a message byte by byte and make six views of it: without it requests run at
 * 1.14 times the speed.
 */
export class Inbound {
  readonly #control: ControlParser;
  readonly #recipients: Recipients;
  readonly #line = new MessageLine();
  #isControl: boolean;
  /** How many bytes of an incomplete line that is not a message have arrived. */
  #begun = 0;
  #cut: CutMessage | undefined;
  #hasFailed = false;

  constructor(control: ControlParser, recipients: Recipients) {
    this.#control = control;
    this.#recipients = recipients;
    this.#isControl = control.state !== 0;
  }

  /** Takes the next piece, and passes on views of it. */
  parse(piece: Uint8Array): void {
    if (this.#hasFailed) return;
    try {
      let at = this.#cut ? this.#goOn(this.#cut, piece) : 0;
      while (at < piece.length) {
        const isMessage = !this.#isControl && beginsMessage(piece[at]!);
        at = isMessage ? this.#take(piece, at) : this.#passOn(piece, at);
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#recipients.failed(error as Error);
    }
  }

  /** Takes the message that begins here; returns where the next data begins. */
  #take(piece: Uint8Array, from: number): number {
    if (this.#line.read(piece, from)) {
      const end = this.#line.messageEnd;
      if (end <= piece.length) {
        this.#deliver(piece, from);
        return end;
      }
    }
    this.#cut = new CutMessage(this.#line);
    return from + this.#cut.add(piece.subarray(from));
  }

  /** Returns how many bytes of the piece belong to the message. */
  #goOn(cut: CutMessage, piece: Uint8Array): number {
    const used = cut.add(piece);
    if (!cut.whole) return used;
    this.#cut = undefined;
    this.#deliver(cut.whole, 0);
    return used;
  }

  #passOn(piece: Uint8Array, from: number): number {
    const lineFeed = piece.indexOf(LF, from);
    this.#isControl = lineFeed < 0;
    const end = this.#isControl ? piece.length : lineFeed + 1;
    this.#begun = this.#isControl ? this.#begun + end - from : 0;
    // the client's parser would keep the whole line in memory
    if (this.#begun > LONGEST_LINE) throw unreadable(piece, from);
    this.#control.parse(piece.subarray(from, end));
    return end;
  }

  #deliver(bytes: Uint8Array, from: number): void {
    const { bodyEnd, sid, hasReply, reply, addresses } = this.#line;
    if (bytes[bodyEnd] !== CR || bytes[bodyEnd + 1] !== LF) throw unreadable(bytes, bodyEnd);
    const addressee = this.#recipients.addressee(sid);
    // the subscription was made on the client itself, or has ended
    if (!addressee) return this.#control.parse(bytes.subarray(from, this.#line.messageEnd));
    const packet = new WirePacket(bytes, this.#line);
    if (hasReply && !isReplyAddress(bytes, reply, addresses)) {
      return this.#recipients.unanswerable(packet);
    }
    addressee.take(packet);
  }
}
