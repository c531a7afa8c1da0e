import type { Msg, MsgHdrs, NatsConnection, PublishOptions } from "@nats-io/transport-deno";
import type { Outgoing } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import { headerBlockOf } from "./client_internals.ts";

/** Hands a message to the client as it is. */
export function publishThrough(client: NatsConnection, outgoing: Outgoing): void {
  const { subject, replyTo, data, headerBlock } = outgoing;
  const options: PublishOptions = { reply: replyTo };
  if (headerBlock) options.headers = new EncodedHeaders(headerBlock) as unknown as MsgHdrs;
  client.publish(subject, data, options);
}

/** The client asks headers for nothing but their bytes. */
class EncodedHeaders {
  readonly #block: Uint8Array;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  encode(): Uint8Array {
    return this.#block;
  }
}

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

  get headerBlock(): Uint8Array | undefined {
    return headerBlockOf(this.#message);
  }
}
