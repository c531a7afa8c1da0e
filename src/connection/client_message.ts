import type { Msg } from "@nats-io/transport-deno";
import type { Packet } from "../message/packet.ts";

/** A message of the client, each part read when it is asked for. */
export class ClientPacket implements Packet {
  readonly #message: Msg;

  constructor(message: Msg) {
    this.#message = message;
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

  /** Encoded again, as the client gives its headers decoded. */
  get headerBlock(): Uint8Array | undefined {
    return (this.#message.headers as unknown as { encode(): Uint8Array } | undefined)?.encode();
  }
}
