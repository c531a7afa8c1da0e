import { DecodeError } from "../errors.ts";
import { decodeBody } from "./codec.ts";
import { isCorrelationId } from "./header_block.ts";
import { MessageHeaders } from "./headers.ts";
import { isAlone, keep, type Packet } from "./packet.ts";
import { shortened } from "../subject/shortened.ts";

/** A received message: a request to a handler, an answer, one of an inbox. */
export interface Message<
  Body = unknown,
  Values = Readonly<Record<string, string>>,
  State = Readonly<Record<string, unknown>>,
> {
  /**
   * The body, decoded by its content type, or as its schema made it.
   *
   * @throws {DecodeError} when it is read, if the bytes are not what the content type says
   */
  readonly body: Body;
  /** The body's bytes as they came. */
  readonly data: Uint8Array;
  /** The subject it was sent to. */
  readonly subject: string;
  /** The values of the pattern's parameters; empty where there is no pattern. */
  readonly params: Values;
  /** The headers, found in any case. */
  readonly headers: MessageHeaders;
  /** Where an answer goes, `undefined` where none is wanted, or the broker's `answersTo` does not let it go there. */
  readonly replyTo: string | undefined;
  /**
   * What ties together all messages of one piece of work, `undefined` if the sender gave none that can be sent on: one
   * line of 256 bytes at most.
   */
  readonly correlationId: string | undefined;
  /** What middleware found out for the handlers behind it; a fresh object for every message. */
  readonly state: State;
  /**
   * Aborted when the caller's time is over, or the broker stops and time is up; and when the caller of a stream, or the
   * other side of a session, leaves. Whoever made a plain request and leaves tells nobody.
   */
  readonly signal: AbortSignal;
}

/** What the receiving side knows of a message beyond its packet. */
export interface Reception {
  /** The headers, where they are known without the packet's block. */
  readonly headers?: MessageHeaders;
  /** The correlation id, where its own headers do not say. */
  readonly conversation?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly signal?: () => AbortSignal;
  /** What knows where the program may answer, unless all that comes has been checked. */
  readonly addresses?: { shows(message: Packet): boolean } | undefined;
  /** Whether its answer is a stream or a session that has begun. */
  readonly isLed?: boolean;
  /** Hears of a body that did not decode. */
  readonly unfit?: ((error: DecodeError) => void) | undefined;
}

const NO_HEADERS = MessageHeaders.from({});
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const UNREAD = Symbol("unread");

function headersOf({ headerBlock }: Packet): MessageHeaders {
  return headerBlock ? MessageHeaders.parse(headerBlock) : NO_HEADERS;
}

/** What the receiving side knows of a message; for those who made it. */
export let receptionOf: (message: ReceivedMessage) => Reception | undefined;

/** Reads each part of a packet when it is first asked for. */
export class ReceivedMessage implements Message {
  #packet: Packet;
  readonly #reception: Reception | undefined;
  #headers: MessageHeaders | undefined;
  #body: unknown = UNREAD;
  #state: Record<string, unknown> | undefined;
  #signal: AbortSignal | undefined;

  static {
    receptionOf = (message) => message.#reception;
  }

  constructor(packet: Packet, reception?: Reception) {
    this.#packet = packet;
    this.#reception = reception;
  }

  get body(): unknown {
    if (this.#body === UNREAD) {
      this.#body = this.#decoded();
    }
    return this.#body;
  }

  #decoded(): unknown {
    try {
      return decodeBody(this.#packet.data, this.headers.get("content-type"));
    } catch (error) {
      if (error instanceof DecodeError) this.#reception?.unfit?.(error);
      throw error;
    }
  }

  get data(): Uint8Array {
    return this.#packet.data;
  }

  get subject(): string {
    return this.#packet.subject;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#reception?.params ?? NO_PARAMS;
  }

  get headers(): MessageHeaders {
    return this.#headers ??= this.#reception?.headers ?? headersOf(this.#packet);
  }

  get replyTo(): string | undefined {
    const { replyTo } = this.#packet;
    if (replyTo === "") return undefined;
    const addresses = this.#reception?.addresses;
    return !addresses || addresses.shows(this.#packet) ? replyTo : undefined;
  }

  get correlationId(): string | undefined {
    const id = this.headers.get("correlation_id");
    // one that could not be sent on would make every answer fail, and a long one make the broker repeat it to others
    return isCorrelationId(id) ? id : this.#reception?.conversation;
  }

  get state(): Record<string, unknown> {
    return this.#state ??= {};
  }

  get signal(): AbortSignal {
    // one for all messages would keep whatever listens to it for as long as the process runs
    return this.#reception?.signal?.() ?? (this.#signal ??= new AbortController().signal);
  }

  /** What a log shows: the getters, which are no fields, in place of nothing at all. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { params, headers } = this;
    const subject = shortened(this.subject);
    const replyTo = this.replyTo && shortened(this.replyTo);
    return `Message ${inspect({ subject, params, headers, replyTo, body: this.#shown() }, how)}`;
  }

  #shown(): unknown {
    try {
      return this.body;
    } catch (error) {
      return String(error);
    }
  }

  /** Lets go of the chunk that was read from the socket, as the message will be there for long. */
  outlast(): void {
    const { data, headerBlock } = this.#packet;
    if (!isAlone(data) || (headerBlock && !isAlone(headerBlock))) this.#packet = keep(this.#packet);
  }

  /** The same message with the body that its schema made of it. */
  withBody(body: unknown): ReceivedMessage {
    const made = new ReceivedMessage(this.#packet, this.#reception);
    made.#body = body;
    made.#headers = this.#headers;
    made.#state = this.#state;
    made.#signal = this.#signal;
    return made;
  }
}
