import type { Connection } from "../../connection/connection.ts";
import type { EncodedMessage } from "../../message/outgoing.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import {
  encodeEnding,
  encodeFlowState,
  type EndDetails,
  type FlowState,
  type HandshakeTerms,
} from "../frames/control_frames.ts";
import type { FrameWriter } from "../machine/link_events.ts";
import {
  type ControlKind,
  controlName,
  type FrameName,
  type Numbered,
  numberedName,
  pack,
  parseName,
} from "../frames/frame.ts";

/** What an acceptance is beside its addresses. */
export type Acceptance = Pick<EncodedMessage, "data" | "headerBlock">;

/** Frames as messages: the addresses of both sides, and what is written to which. */
export class FrameTransport implements FrameWriter {
  readonly #connection: Pick<Connection, "isUp" | "publish" | "maxPayload" | "written">;
  readonly #own: string;
  readonly #correlationId: string;
  readonly #failed: (error: unknown) => void;
  /** How every address of the other side begins, once it is known. */
  #peer = "";
  #terms: HandshakeTerms | undefined;
  #acceptance: Acceptance | undefined;
  /** What frames without an address of reply carry behind their names. */
  #secret = "";
  /** What had been given to the socket with the last control frame, in bytes. */
  #said = 0;

  /** `failed` is told of a frame that the server will never take. */
  constructor(
    connection: Pick<Connection, "isUp" | "publish" | "maxPayload" | "written">,
    inbox: string,
    correlationId: string,
    failed: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#own = `${inbox}.`;
    this.#correlationId = correlationId;
    this.#failed = failed;
  }

  /** How many bytes the server takes as one message. */
  get largest(): number {
    return this.#connection.maxPayload;
  }

  get isWaiting(): boolean {
    return this.#said > this.#connection.written.sentBytes;
  }

  /** What the other side told of itself, once it is known. */
  get terms(): HandshakeTerms | undefined {
    return this.#terms;
  }

  /** Where the opening is answered to; the acceptance has the same, of the other side. */
  get first(): string {
    return this.#own + controlName("open", 1);
  }

  /**
   * Learns who the other side is, by the address of its first word.
   *
   * @returns the serial of that address; `undefined` where it is none, as something on the way has rewritten it
   */
  learnPeer(address: string, terms: HandshakeTerms, secret: number): number | undefined {
    const from = address.lastIndexOf(".") + 1;
    const name = parseName(address, from);
    if (!name || !("kind" in name) || name.kind !== "open") return undefined;
    this.#peer = address.slice(0, from);
    this.#terms = terms;
    this.#secret = secret === 0 ? "" : String(secret);
    return name.serial;
  }

  /** The inbox of the other side, empty while it is not known. */
  get peer(): string {
    return this.#peer.slice(0, -1);
  }

  /** Whether an address is one of the other side's. */
  isPeer(address: string): boolean {
    return this.#peer !== "" && address.startsWith(this.#peer);
  }

  /** Whether a message of somebody who is not known yet looks like a frame. */
  isFrame({ replyTo }: RawMessage): boolean {
    return parseName(replyTo, replyTo.lastIndexOf(".") + 1) !== undefined;
  }

  /** The name of a frame, by its address of reply, or by its subject where it has none. */
  nameOf({ subject, replyTo }: RawMessage): FrameName | undefined {
    if (replyTo !== "") return parseName(replyTo, this.#peer.length);
    if (!subject.endsWith(this.#secret)) return undefined;
    return parseName(subject, this.#own.length, subject.length - this.#secret.length);
  }

  /** The serial of our address that a message of a limited side came to, 0 where it counts for nothing. */
  usedBy({ subject }: RawMessage): number {
    if (this.#terms!.responses === 0) return 0;
    const name = parseName(subject, this.#own.length);
    return name && "serial" in name ? name.serial : 0;
  }

  transmit(frames: readonly Numbered[], address: string): void {
    const [{ number, code, data: single, headerBlock }] = frames as [Numbered];
    const isOne = frames.length === 1;
    const name = numberedName(number, isOne ? code : "s");
    const data = isOne ? single : pack(frames);
    // the server keeps each address of reply for a side that may send there but once: a frame to it has none
    const isBare = this.#terms!.responses > 0;
    const subject = isBare ? this.#peer + name + this.#secret : address;
    this.publish({ subject, replyTo: isBare ? "" : this.#own + name, data, headerBlock });
  }

  say(kind: ControlKind, serial: number, tally: FlowState, subject: string): void {
    // as if it were lost: it draws the same from the other side as before, and every later one says it too
    if (this.#connection.written.isFull) return;
    if (kind === "open") return this.accept(this.#acceptance!, serial, subject);
    const replyTo = this.#own + controlName(kind, serial);
    this.publish({ subject, replyTo, data: encodeFlowState(tally), headerBlock: undefined });
    this.#said = this.#connection.written.acceptedBytes;
  }

  /** Accepts; the first may get lost, and is then said again. */
  accept(acceptance: Acceptance, serial: number, subject: string): void {
    this.#acceptance = acceptance;
    const replyTo = this.#own + controlName("open", serial);
    this.publish({ ...acceptance, subject, replyTo });
  }

  abort(ending: EndDetails, serial: number, subject: string): void {
    const replyTo = this.#own + controlName("abort", serial);
    this.publish({ ...encodeEnding(ending, this.#correlationId), subject, replyTo });
  }

  /** What cannot be sent now is sent after the reconnect, as the other side will ask for it. */
  publish(outgoing: EncodedMessage): void {
    if (!this.#connection.isUp) return;
    outgoing.dropOnDisconnect = true;
    try {
      this.#connection.publish(outgoing);
    } catch (error) {
      // whoever sends is in the middle of it
      queueMicrotask(() => this.#failed(error));
    }
  }
}
