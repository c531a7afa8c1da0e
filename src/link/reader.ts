import type { NextOptions } from "../inbox/inbox.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { type Schema, validate } from "../message/schema.ts";
import { headersOf } from "./body_frames.ts";
import { type Arrived, Incoming } from "./incoming.ts";
import type { Link } from "./link.ts";

/** What one end of a link is for. */
export interface Purpose {
  /** The subject it was opened on. */
  readonly subject: string;
  readonly correlationId: string;
  /** Checks what comes in. */
  readonly schema: Schema | undefined;
}

/** What the messages of a link have in common. */
export interface Context extends Purpose {
  readonly signal: () => AbortSignal;
}

/** The way in of one end: what has come, as messages with the body that the schema makes. */
export class Reader extends Incoming {
  readonly #context: Context;

  constructor(link: Pick<Link, "read">, largest: number, context: Context) {
    super(link, largest, context.subject);
    this.#context = context;
  }

  /** The next message; `undefined` once nothing more comes. */
  async read(options?: NextOptions): Promise<Message | undefined> {
    const arrived = await this.next(options);
    return arrived && this.#messageOf(arrived);
  }

  #messageOf(arrived: Arrived): Message | Promise<Message> {
    const { data, headerBlock } = arrived;
    const { subject, correlationId: conversation, schema, signal } = this.#context;
    const headers = headersOf(arrived);
    const packet = { subject, replyTo: "", data, headerBlock };
    const message = new ReceivedMessage(packet, { headers, conversation, signal });
    if (!schema) return message;
    const valid = validate(schema, message.body);
    return valid instanceof Promise
      ? valid.then((body) => message.withBody(body))
      : message.withBody(valid);
  }
}
