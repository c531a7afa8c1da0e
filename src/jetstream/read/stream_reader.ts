import { onAbort } from "../../deadline.ts";
import { asMilliseconds } from "../../duration.ts";
import { ValidationError } from "../../errors.ts";
import { checkOptions, NEXT_RULES } from "../../options.ts";
import { handled } from "../../promises.ts";
import { iteratorOf, readableOf } from "../../queue.ts";
import type { NextOptions, Reader } from "../../reader.ts";
import {
  type BrokerAccess,
  type ReceivedMessage,
  type Schema,
  SlowChecks,
  validate,
} from "../../door/mod.ts";
import type { OrderedRead, ReadEnd } from "./ordered_read.ts";
import type { StoredMessage } from "./stored_message.ts";

/** The source that a reader reads from. */
export type Readable = Pick<
  OrderedRead,
  "ready" | "closed" | "next" | "readNow" | "close" | "cancel"
>;

/** How a reader makes messages of what it reads. */
export interface Reading {
  readonly read: Readable;
  /** The message for the program; `undefined` to skip it. */
  readonly make: (stored: StoredMessage) => ReceivedMessage | undefined;
  readonly schema: Schema | undefined;
  readonly signal: AbortSignal | undefined;
  /** For errors: `stream "ORDERS"`. */
  readonly what: string;
}

/** Reads messages of a stream in order, with backpressure to the server, so that nothing is dropped. */
export interface StreamReader<Item extends { readonly body: unknown }>
  extends Reader<Item, ReadEnd> {
  /**
   * Resolves once the read has begun, with the number of messages in the stream that match; rejects if it cannot begin.
   */
  readonly ready: Promise<{ readonly pending: number }>;
  /** Ends the read, and drops unread messages; resolves once its consumer is deleted. */
  close(): Promise<void>;
}

/** A reader on top of an {@linkcode OrderedRead}. */
export class OpenStreamReader<Item extends { readonly body: unknown }>
  implements StreamReader<Item> {
  readonly #reading: Reading;
  readonly #access: BrokerAccess;
  readonly #action: string;
  readonly #stopListening: (() => void) | undefined;
  /** Created for the first asynchronous schema. */
  #checks: SlowChecks<ReceivedMessage> | undefined;

  /** `Item` is the type that `make` returns. */
  constructor(access: BrokerAccess, reading: Reading) {
    const { read, signal, what } = reading;
    this.#reading = reading;
    this.#access = access;
    this.#action = `read the ${what}`;
    if (!signal) return;
    const stop = () => void read.cancel();
    if (signal.aborted) stop();
    else this.#stopListening = onAbort(signal, stop);
    read.closed.then(() => this.#stopListening?.());
  }

  get closed(): Promise<ReadEnd> {
    return this.#reading.read.closed;
  }

  get dropped(): number {
    return 0;
  }

  get ready(): Promise<{ readonly pending: number }> {
    return this.#reading.read.ready;
  }

  get readable(): ReadableStream<Item["body"]> {
    return readableOf(this, () => ({ next: () => this.#next({}), cancel: () => this.close() }));
  }

  next(options: NextOptions = {}): Promise<Item | undefined> {
    return handled(this.#next(options)) as Promise<Item | undefined>;
  }

  async close(): Promise<void> {
    this.#checks?.cancel();
    await this.#reading.read.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    const readNow = this.#reading.schema ? undefined : () => this.#readNow();
    const items = iteratorOf(() => this.#next({}), () => this.close(), readNow);
    return items as AsyncIterator<unknown> as AsyncIterator<Item>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #next(options: NextOptions): Promise<ReceivedMessage | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options.signal?.throwIfAborted();
    const { clock } = this.#access;
    const until = clock.now() + (asMilliseconds(options.timeout) ?? Infinity);
    const late = this.#checks?.shift();
    if (late) return await this.#checks!.wait(late, until, options);
    const message = await this.#wait(options, until);
    const { schema } = this.#reading;
    return message && schema ? await this.#checked(schema, message, until, options) : message;
  }

  /** The next message for the program. */
  async #wait(options: NextOptions, until: number): Promise<ReceivedMessage | undefined> {
    const { read, make } = this.#reading;
    for (let given = options;;) {
      const stored = await read.next(given);
      const message = stored && make(stored);
      if (message || !stored) return message;
      if (until === Infinity) continue;
      given = { ...options, timeout: Math.max(0, until - this.#access.clock.now()) };
    }
  }

  #readNow(): ReceivedMessage | undefined {
    const { read, make } = this.#reading;
    for (;;) {
      const stored = read.readNow();
      const message = stored && make(stored);
      if (message || !stored) return message;
    }
  }

  #checked(
    schema: Schema,
    message: ReceivedMessage,
    until: number,
    options: NextOptions,
  ): ReceivedMessage | Promise<ReceivedMessage | undefined> {
    const refusal = ({ issues }: ValidationError) => this.#refusal(issues, message);
    const valid = validate(schema, message.body, refusal);
    if (!(valid instanceof Promise)) return message.withBody(valid);
    const { clock } = this.#access;
    const checks = this.#checks ??= new SlowChecks(clock, this.#action, message.subject);
    return checks.wait(checks.begin(valid.then((body) => message.withBody(body))), until, options);
  }

  /** Names the rejected message, as the read goes on after it. */
  #refusal(issues: ValidationError["issues"], message: ReceivedMessage): ValidationError {
    const error = new ValidationError(issues);
    const { seq } =
      (message as Partial<{ readonly delivery: { readonly seq: number } }>).delivery ??
        {};
    error.message += ` (message ${seq} of ${this.#reading.what}, "${message.subject}")`;
    return error;
  }
}
