import type { Connection } from "../../connection/connection.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
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

/** An acceptance without its addresses. */
export type Acceptance = Pick<EncodedMessage, "data" | "headerBlock">;

/** Sends frames as messages: knows the addresses of both sides, and which frame goes to which. */
export class FrameTransport implements FrameWriter {
  readonly #connection: Pick<Connection, "isUp" | "publish" | "maxPayload" | "written">;
  readonly #own: string;
  readonly #correlationId: string;
  readonly #failed: (error: unknown) => void;
  /** The prefix of the peer's addresses, once it is known. */
  #peer = "";
  #terms: HandshakeTerms | undefined;
  #acceptance: Acceptance | undefined;
  /** What frames without a reply address carry behind their names. */
  #secret = "";
  /** How many bytes were written up to the last control frame. */
  #said = 0;

  /** Calls `failed` for a frame that the server will never take. */
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

  /** The peer's terms, once it is known. */
  get terms(): HandshakeTerms | undefined {
    return this.#terms;
  }

  /** The reply address of the opening. */
  get first(): string {
    return this.#own + controlName("open", 1);
  }

  /**
   * Learns the peer's inbox from the address of its first message.
   *
   * @returns the serial of that address; `undefined` if it has none, as something on the way has rewritten it
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

  /** The peer's inbox; empty while it is unknown. */
  get peer(): string {
    return this.#peer.slice(0, -1);
  }

  /** Whether an address belongs to the peer. */
  isPeer(address: string): boolean {
    return this.#peer !== "" && address.startsWith(this.#peer);
  }

  /** Whether a message from an unknown sender looks like a frame. */
  isFrame({ replyTo }: RawMessage): boolean {
    return parseName(replyTo, replyTo.lastIndexOf(".") + 1) !== undefined;
  }

  /** The name of a frame, by its reply address, or by its subject where it has none. */
  nameOf({ subject, replyTo }: RawMessage): FrameName | undefined {
    if (replyTo !== "") return parseName(replyTo, this.#peer.length);
    if (!subject.endsWith(this.#secret)) return undefined;
    return parseName(subject, this.#own.length, subject.length - this.#secret.length);
  }

  /** The serial of our address to which a limited side has sent a message; 0 if that address has none. */
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
    // the server notes every reply address for a limited peer: frames to it have none
    const isBare = this.#terms!.responses > 0;
    const subject = isBare ? this.#peer + name + this.#secret : address;
    this.publish({ subject, replyTo: isBare ? "" : this.#own + name, data, headerBlock });
  }

  say(kind: ControlKind, serial: number, tally: FlowState, subject: string): void {
    // treat it like a lost frame: every later control frame carries the same state
    if (this.#connection.written.isFull) return;
    if (kind === "open") return this.accept(this.#acceptance!, serial, subject);
    const replyTo = this.#own + controlName(kind, serial);
    this.publish({ subject, replyTo, data: encodeFlowState(tally), headerBlock: undefined });
    this.#said = this.#connection.written.acceptedBytes;
  }

  /** Sends the acceptance; one that is lost is sent again. */
  accept(acceptance: Acceptance, serial: number, subject: string): void {
    this.#acceptance = acceptance;
    const replyTo = this.#own + controlName("open", serial);
    this.publish({ ...acceptance, subject, replyTo });
  }

  abort(ending: EndDetails, serial: number, subject: string): void {
    const replyTo = this.#own + controlName("abort", serial);
    this.publish({ ...encodeEnding(ending, this.#correlationId), subject, replyTo });
  }

  /** Drops the frame while disconnected, as the peer will ask for it after the reconnect. */
  publish(outgoing: EncodedMessage): void {
    if (!this.#connection.isUp) return;
    outgoing.dropOnDisconnect = true;
    try {
      this.#connection.publish(outgoing);
    } catch (error) {
      // the caller is in the middle of sending
      queueMicrotask(() => this.#failed(error));
    }
  }
}
