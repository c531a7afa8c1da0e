import type { MsgHdrs, NatsConnection, PublishOptions } from "@nats-io/transport-deno";
import { isUnwatched, type Outgoing } from "../message/outgoing.ts";
import type { Unsent } from "../wire/segment.ts";
import type { Writer } from "../wire/writer.ts";

/** Leaves the writing to the client, where its own way to the socket cannot be taken; what it has when it breaks is lost. */
export class ClientWriter implements Writer {
  readonly #client: NatsConnection;
  taken = 0;
  /** What the client has queued cannot be seen. */
  readonly given = 0;
  readonly left = 0;

  constructor(client: NatsConnection) {
    this.#client = client;
  }

  get sent(): number {
    return this.taken;
  }

  publish(outgoing: Outgoing): void {
    const { subject, replyTo, data, headerBlock } = outgoing;
    const options: PublishOptions = { reply: replyTo };
    if (headerBlock) options.headers = new EncodedHeaders(headerBlock) as unknown as MsgHdrs;
    this.#client.publish(subject, data, options);
    if (isUnwatched(outgoing)) this.taken++;
  }

  room(): undefined {}

  has(): boolean {
    return false;
  }

  withdraw(): void {}

  takeBack(): Unsent[] {
    return [];
  }
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
