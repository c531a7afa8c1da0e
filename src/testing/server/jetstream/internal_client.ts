import { breath } from "../../../pacing.ts";
import { print } from "../../../legible.ts";
import { byteString, toBytes } from "../byte_string.ts";
import type { Congestion } from "../congestion.ts";
import type { Exchange, Publication, Recipient, Subscription } from "../exchange.ts";
import { ApiError } from "./api/errors.ts";
import { statusBlock } from "./header_block.ts";
import { NOTHING, type Published } from "./message.ts";

/** The limits of one turn, in messages and bytes, before yielding to other work. */
const MANY = 1_000;
const MUCH = 1_048_576;
/** The sent part of the queue is cut off once it is this long. */
const WORTH = 10_000;

/** Receives a message; `false` declines it, as if there were no subscription. */
export type Receive = (published: Published) => boolean | void;

/** A subscription of the server itself. */
export interface InternalSubscription extends Subscription {
  readonly receive: Receive;
}

/** A message that the server publishes; only the subject is required. */
export interface Posting {
  readonly reply?: string;
  readonly headers?: string;
  /** Bytes, or a byte string. */
  readonly body?: Uint8Array | string;
  /** The subject to route by, if it differs from the message's subject. */
  readonly to?: string;
  /** Called if no subscription received the message. */
  readonly undelivered?: () => void;
}

interface Waiting {
  readonly publication: Publication;
  readonly undelivered: (() => void) | undefined;
}

/**
 * JetStream as a client of the rest of the server: it subscribes and publishes like any other client. Its messages
 * leave after the work in progress, so that no client sees an effect before its cause.
 */
export class InternalClient implements Recipient {
  readonly #exchange: Exchange;
  readonly #congestion: Congestion;
  #queue: Waiting[] = [];
  /** The queue index of the next message to send. */
  #next = 0;
  #leaving = false;
  #stopped = false;

  /** `congestion` delays messages while clients read more slowly. */
  constructor(exchange: Exchange, congestion: Congestion) {
    this.#exchange = exchange;
    this.#congestion = congestion;
  }

  /** Subscribes; throws an {@linkcode ApiError} if there is no room. Each message goes to one member of a `queue`. */
  subscribe(subject: string, receive: Receive, queue?: string): InternalSubscription {
    const subscription: InternalSubscription = {
      subject,
      queue,
      receive,
      sid: "",
      recipient: this,
      filtered: false,
      internal: true,
      received: 0,
      max: 0,
    };
    // the limit counts the subscriptions of all clients
    if (this.#exchange.subscribe(subscription) !== "added") {
      throw new ApiError("insufficientResources");
    }
    return subscription;
  }

  /** Removes a subscription. */
  unsubscribe(subscription: InternalSubscription): void {
    this.#exchange.unsubscribe(subscription);
  }

  /** Whether any subscription matches the subject, including the server's own. */
  reaches(subject: string): boolean {
    return this.#exchange.reaches(subject);
  }

  /** Whether exactly this subject is subscribed to, in the given queue group if any. */
  isSubscribed(subject: string, queue?: string): boolean {
    return this.#exchange.isSubscribed(subject, queue);
  }

  /** Calls `changed` when subscriptions to exactly this subject change; returns a function that ends the watch. */
  watch(subject: string, changed: () => void): () => void {
    return this.#exchange.watch(subject, changed);
  }

  /** Publishes a message after the work in progress. */
  publish(subject: string, posting: Posting = {}): void {
    const { reply = "", headers = "", body = NOTHING, to, undelivered } = posting;
    if (subject === "" || this.#stopped) return;
    const bytes = typeof body === "string" ? toBytes(body) : body;
    const payload = headers === "" ? bytes : joined(headers, bytes);
    const headerSize = headers === "" ? -1 : headers.length;
    const line = { subject, reply, headerSize, size: payload.length };
    this.#queue.push({ publication: { line, payload, from: this, to }, undelivered });
    if (this.#leaving) return;
    this.#leaving = true;
    queueMicrotask(() => void this.#leave().catch(print));
  }

  /** Publishes a status with optional headers after the work in progress. */
  say(subject: string, status: string, headers?: Parameters<typeof statusBlock>[1]): void {
    this.publish(subject, { headers: statusBlock(status, headers) });
  }

  /** Delivers a message to one of its subscriptions. */
  deliver(subscription: Subscription, { line, payload }: Publication): boolean {
    const { subject, reply, headerSize } = line;
    const size = Math.max(headerSize, 0);
    const headers = size > 0 ? byteString(payload, 0, size) : "";
    const body = payload.subarray(size);
    const { receive } = subscription as InternalSubscription;
    return receive({ subject, reply, headers, body }) ?? true;
  }

  /** Stops publishing. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#next = 0;
  }

  /** Sends in turns: two streams can republish to each other forever, and other work must go on meanwhile. */
  async #leave(): Promise<void> {
    try {
      for (;;) {
        this.#send();
        if (this.#queue.length === 0) return;
        await breath();
        // without the pause, many consumers at once would overflow a client's buffer before it could read
        await this.#congestion.relief();
      }
    } finally {
      this.#leaving = false;
    }
  }

  /** Sends one turn's messages; messages that these cause wait for the next turn. */
  #send(): void {
    let bytes = 0;
    for (let i = 0; i < MANY && bytes < MUCH && this.#next < this.#queue.length; i++) {
      const { publication, undelivered } = this.#queue[this.#next++]!;
      bytes += publication.payload.length;
      if (!this.#exchange.publish(publication)) undelivered?.();
    }
    if (this.#next < this.#queue.length && this.#next < WORTH) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }
}

function joined(headers: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headers.length + body.length);
  for (let i = 0; i < headers.length; i++) bytes[i] = headers.charCodeAt(i);
  bytes.set(body, headers.length);
  return bytes;
}
