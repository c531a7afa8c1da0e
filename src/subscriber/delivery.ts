import { DecodeError, PayloadTooLargeError, ReplyError, ValidationError } from "../errors.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { compose, type Envelope } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import { errorReply } from "../message/reply.ts";
import { type Schema, validate } from "../message/schema.ts";
import type { Pattern } from "../subject/pattern.ts";
import { newToken } from "../inbox/token.ts";
import type { Handler } from "./handler.ts";

/** The whole path of one message: decode, validate, handle, answer. */
export class Delivery {
  readonly #connection: Connection;
  readonly #feed: EventFeed;
  readonly #pattern: Pattern;
  readonly #schema: Schema | undefined;
  readonly #handler: Handler;
  readonly #signal: () => AbortSignal;

  constructor(
    connection: Connection,
    feed: EventFeed,
    path: { pattern: Pattern; schema: Schema | undefined; handler: Handler },
    signal: () => AbortSignal,
  ) {
    this.#connection = connection;
    this.#feed = feed;
    this.#pattern = path.pattern;
    this.#schema = path.schema;
    this.#handler = path.handler;
    this.#signal = signal;
  }

  /** Sees one message through; never rejects, and answers once whoever wants an answer. */
  async run(packet: Packet): Promise<void> {
    const params = this.#pattern.read(packet.subject);
    const received = new ReceivedMessage(packet, { params, signal: this.#signal });
    try {
      const value = await this.#handler(await this.#read(received));
      if (packet.replyTo) this.#answer(packet, received, value);
    } catch (error) {
      this.#fail(packet, error);
    }
  }

  /** Refuses a message without handing it over. */
  refuse(packet: Packet, code: number, description: string): void {
    this.#fail(packet, new ReplyError(code, description));
  }

  async #read(received: ReceivedMessage): Promise<Message> {
    try {
      const { body } = received;
      return this.#schema ? received.withBody(await validate(this.#schema, body)) : received;
    } catch (cause) {
      if (cause instanceof DecodeError) {
        throw new ReplyError(400, cause.message, undefined, { cause });
      }
      if (!(cause instanceof ValidationError)) throw cause;
      throw new ReplyError(400, cause.message, { issues: cause.issues }, { cause });
    }
  }

  #answer(packet: Packet, request: ReceivedMessage, value: unknown): void {
    try {
      this.#publish(packet.replyTo, value, { correlationId: request.correlationId ?? newToken() });
    } catch (cause) {
      throw new Unanswerable(cause);
    }
  }

  #fail(packet: Packet, error: unknown): void {
    // an error that was made for the caller is told to the caller alone
    if (!(error instanceof ReplyError)) this.#feed.emit({ type: "error", error: asError(error) });
    if (!packet.replyTo) return;
    const { headers, body } = errorReply(...told(error));
    try {
      const correlationId = new ReceivedMessage(packet).correlationId ?? newToken();
      this.#publish(packet.replyTo, body, { headers, correlationId });
    } catch (error) {
      this.#feed.emit({ type: "error", error: asError(error) });
    }
  }

  #publish(subject: string, body: unknown, envelope: Envelope): void {
    this.#connection.publish(compose(subject, body, envelope, this.#connection.hasHeaders));
  }
}

/** A handler's value that could not be sent. */
class Unanswerable extends Error {
  constructor(cause: unknown) {
    super("Cannot answer a request as its reply must be sent: it was not", { cause });
  }
}

/** What the caller is told of an error; the text of one that was not made for it stays here. */
function told(error: unknown): [code: number, description: string, data?: unknown] {
  if (error instanceof ReplyError) return [error.code, error.message, error.data];
  if (!(error instanceof Unanswerable)) return [500, "Internal error"];
  if (error.cause instanceof PayloadTooLargeError) return [500, "The reply is too large"];
  return [500, "The reply cannot be sent"];
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`A handler threw ${String(error)}`);
}
