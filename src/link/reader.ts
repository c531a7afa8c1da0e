import type { NextOptions } from "../inbox/inbox.ts";
import { type Message, ReceivedMessage, type Reception } from "../message/message.ts";
import { type Schema, validate } from "../message/schema.ts";
import { headersOf } from "./body_frames.ts";
import type { BodyCode } from "./frame.ts";
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
  readonly #receptions: Partial<Record<BodyCode, Reception>> = {};

  constructor(link: Pick<Link, "read">, largest: number, context: Context) {
    super(link, largest, context.subject);
    this.#context = context;
  }

  /** The next message; `undefined` once nothing more comes. */
  async read(options?: NextOptions): Promise<Message | undefined> {
    const arrived = await this.next(options);
    if (!arrived) return undefined;
    const message = this.#messageOf(arrived);
    const { schema } = this.#context;
    return schema ? message.withBody(await validate(schema, message.body)) : message;
  }

  /** The next message, if it is there and no schema has to see it: a few promises for each cost more than all else. */
  readNow(): Message | undefined {
    const arrived = this.#context.schema ? undefined : this.shift();
    return arrived && this.#messageOf(arrived);
  }

  #messageOf(arrived: Arrived): ReceivedMessage {
    const { code, data, headerBlock } = arrived;
    const packet = { subject: this.#context.subject, replyTo: "", data, headerBlock };
    return new ReceivedMessage(packet, this.#receptions[code] ?? this.#reception(arrived));
  }

  /** The same for all messages of a kind, unless they have headers of their own. */
  #reception(arrived: Arrived): Reception {
    const { correlationId: conversation, signal } = this.#context;
    const reception = { headers: headersOf(arrived), conversation, signal };
    if (!arrived.headerBlock) this.#receptions[arrived.code] = reception;
    return reception;
  }
}
