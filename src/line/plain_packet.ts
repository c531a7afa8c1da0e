import type { Msg, MsgHdrs } from "@nats-io/transport-deno";
import type { Packet } from "../message/packet.ts";

const encoder = new TextEncoder();
const VERSION = "NATS/1.0";
const END = "\r\n\r\n";

/** A message of the client; reads each part on demand. */
export class PlainPacket implements Packet {
  readonly #message: Msg;
  readonly #unreadable: (cause: unknown) => void;
  #isTold = false;

  /** Calls `unreadable` once if the client cannot read the headers; the packet then has no headers. */
  constructor(message: Msg, unreadable: (cause: unknown) => void) {
    this.#message = message;
    this.#unreadable = unreadable;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get replyTo(): string {
    return this.#message.reply ?? "";
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  /**
   * Encodes the headers again, as the client gives them decoded; the client's own encoder drops a status without a
   * text.
   */
  get headerBlock(): Uint8Array | undefined {
    const headers = this.#headers();
    return headers && encoder.encode(`${linesOf(headers).join("\r\n")}${END}`);
  }

  /** Reading the headers decodes them, and the client throws at a name that it would not send itself. */
  #headers(): MsgHdrs | undefined {
    try {
      return this.#message.headers;
    } catch (cause) {
      if (!this.#isTold) this.#unreadable(cause);
      this.#isTold = true;
      return undefined;
    }
  }
}

function linesOf(headers: MsgHdrs): string[] {
  const { code, description } = headers;
  const status = code > 0 ? `${VERSION} ${code}${description && ` ${description}`}` : VERSION;
  const lines = [status];
  for (const [name, values] of headers) {
    for (const value of values) lines.push(`${name}: ${value}`);
  }
  return lines;
}
