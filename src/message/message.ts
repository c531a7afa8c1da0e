import type { AnyParams } from "../subject/subject.ts";
import { DecodeError } from "../errors.ts";
import { decodeBody } from "./body.ts";
import type { Codecs } from "./codecs.ts";
import { MessageHeaders } from "./headers.ts";
import { copyRawMessage, fillsItsBuffer, heldSize, type RawMessage } from "./raw_message.ts";
import { shortened } from "../legible.ts";
import { isCorrelationId } from "./work.ts";

/** The state of messages whose broker or router names no type for it. */
export interface AnyState {
  /** What a middleware has put there. */
  readonly [name: string]: unknown;
}

/** A received message: a request to a handler, an answer, or a message of an inbox. */
export interface Message<
  Body = unknown,
  Values = AnyParams,
  State = AnyState,
> {
  /**
   * The body, decoded by its content type, or transformed by its schema.
   *
   * @throws {DecodeError} on access, if the bytes do not match the content type
   */
  readonly body: Body;
  /** The undecoded bytes of the body. */
  readonly data: Uint8Array;
  /** The subject of the message. */
  readonly subject: string;
  /** The values of the pattern's parameters; empty without a pattern. */
  readonly params: Values;
  /**
   * The pattern of its subscriber, with the prefixes of its routers, such as `"v1.orders.{id}"`; `undefined` for
   * messages of inboxes, and for answers.
   */
  readonly pattern: string | undefined;
  /** The headers; lookups ignore the case of names. */
  readonly headers: MessageHeaders;
  /**
   * The reply address; `undefined` if the sender wants no answer, or the broker's `answersTo` does not permit the
   * address.
   */
  readonly replyTo: string | undefined;
  /**
   * The id that ties together all messages of one piece of work; `undefined` if the sender gave no valid one: one line
   * of at most 256 bytes.
   */
  readonly correlationId: string | undefined;
  /** Values that middleware passes to the handlers; a new object for every message. */
  readonly state: State;
  /**
   * Aborts when the caller's timeout passes, when the timeout of the broker's stop passes, and when the caller of a
   * stream, or the other side of a session, leaves. It does not abort when the caller of a plain request leaves, as the
   * broker cannot know.
   */
  readonly signal: AbortSignal;
}

/** What the receiving side knows about a message beyond its bytes. */
export interface Reception {
  /** The headers, if they do not come from the raw message. */
  readonly headers?: MessageHeaders;
  /** The content type, if all messages of this reception have one, so that none is looked up for each. */
  readonly contentType?: string | undefined;
  /** The correlation id to use if the headers hold none. */
  readonly conversation?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly pattern?: string | undefined;
  readonly signal?: () => AbortSignal;
  /** The values of its middleware, if other messages share them. */
  readonly state?: Record<string, unknown>;
  /** Decides which reply addresses to show; `undefined` if all are checked already. */
  readonly addresses?: { shows(message: RawMessage): boolean } | undefined;
  /** The codecs of the broker, if it has its own. */
  readonly codecs?: Pick<Codecs, "decode"> | undefined;
  /** Whether its answer is a stream or a session, which has begun. */
  readonly isUpgraded?: boolean;
  /** Called with the error if the body does not decode. */
  readonly unfit?: ((error: DecodeError) => void) | undefined;
}

const NO_HEADERS = MessageHeaders.from({});
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const UNREAD = Symbol("unread");

function headersOf({ headerBlock }: RawMessage): MessageHeaders {
  return headerBlock ? MessageHeaders.parse(headerBlock) : NO_HEADERS;
}

/** A received message that reads each part of its bytes on first access. */
export class ReceivedMessage implements Message {
  #packet: RawMessage;
  readonly #reception: Reception | undefined;
  #headers: MessageHeaders | undefined;
  #body: unknown = UNREAD;
  #state: Record<string, unknown> | undefined;
  #signal: AbortSignal | undefined;

  constructor(packet: RawMessage, reception?: Reception) {
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
      const reception = this.#reception;
      const contentType = reception?.contentType ?? this.headers.get("content-type");
      const { data } = this.#packet;
      const codecs = reception?.codecs;
      return codecs ? codecs.decode(data, contentType) : decodeBody(data, contentType);
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

  get pattern(): string | undefined {
    return this.#reception?.pattern;
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
    // an invalid id would make every answer fail, and the broker would repeat a long one to others
    return isCorrelationId(id) ? id : this.#reception?.conversation;
  }

  /** Whether its answer is a stream or a session that has begun. */
  get isUpgraded(): boolean {
    return this.#reception?.isUpgraded === true;
  }

  get state(): Record<string, unknown> {
    return this.#state ??= this.#reception?.state ?? {};
  }

  get signal(): AbortSignal {
    // a signal shared by all messages would keep its listeners for as long as the process runs
    return this.#reception?.signal?.() ?? (this.#signal ??= new AbortController().signal);
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { params, headers } = this;
    const subject = shortened(this.subject);
    const replyTo = this.replyTo && shortened(this.replyTo);
    // the fields that a source has added, such as the times of a schedule, but not its methods
    const added = Object.entries(this).filter(([, value]) => typeof value !== "function");
    const shown = { subject, params, headers, replyTo, body: this.#shown() };
    return `Message ${inspect({ ...shown, ...Object.fromEntries(added) }, how)}`;
  }

  #shown(): unknown {
    try {
      return this.body;
    } catch (error) {
      return String(error);
    }
  }

  /** Its memory while it waits, in bytes. */
  get heldSize(): number {
    return heldSize(this.#packet);
  }

  /** Copies the message out of the chunk that was read from the socket, as the message will live long. */
  detach(): void {
    const { data, headerBlock } = this.#packet;
    if (!fillsItsBuffer(data) || (headerBlock && !fillsItsBuffer(headerBlock))) {
      this.#packet = copyRawMessage(this.#packet);
    }
  }

  /** The same message with the body that its schema made. */
  withBody(body: unknown): ReceivedMessage {
    const made = new ReceivedMessage(this.#packet, this.#reception);
    made.#body = body;
    made.#headers = this.#headers;
    made.#state = this.#state;
    made.#signal = this.#signal;
    // what a source has added to the message stays with it
    return Object.assign(made, this);
  }
}
