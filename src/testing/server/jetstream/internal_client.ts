import { breath } from "../../../pacing.ts";
import { print } from "../../../legible.ts";
import { byteString, toBytes } from "../byte_string.ts";
import type { Congestion } from "../congestion.ts";
import type { Exchange, Publication, Recipient, Subscription } from "../exchange.ts";
import { ApiError } from "./api/errors.ts";
import { statusBlock } from "./header_block.ts";
import { NOTHING, type Published } from "./message.ts";

/** After so many messages, or bytes, others may have their turn. */
const MANY = 1_000;
const MUCH = 1_048_576;
/** Past so many that have left the rest moves up. */
const WORTH = 10_000;

/** Takes what arrives; `false` leaves it to others, as if it had not been subscribed to. */
export type Receive = (published: Published) => boolean | void;

/** A subscription of the server's own. */
export interface InternalSubscription extends Subscription {
  readonly receive: Receive;
}

/** What the server publishes, of which everything but the subject may be left out. */
export interface Posting {
  readonly reply?: string;
  readonly headers?: string;
  /** Bytes, or a byte string. */
  readonly body?: Uint8Array | string;
  /** Where it goes where that is not its subject. */
  readonly to?: string;
  /** Hears where nobody gets it. */
  readonly undelivered?: () => void;
}

interface Waiting {
  readonly publication: Publication;
  readonly undelivered: (() => void) | undefined;
}

/**
 * The client that JetStream is to the rest of the server: it subscribes and publishes as others do. What it publishes
 * leaves after what is being worked on, so that nobody hears of an effect before its cause.
 */
export class InternalClient implements Recipient {
  readonly #exchange: Exchange;
  readonly #congestion: Congestion;
  #queue: Waiting[] = [];
  /** The next one of the queue. */
  #next = 0;
  #leaving = false;
  #stopped = false;

  /** What it publishes waits a moment for clients that do not read as fast. */
  constructor(exchange: Exchange, congestion: Congestion) {
    this.#exchange = exchange;
    this.#congestion = congestion;
  }

  /** Subscribes, or throws an {@linkcode ApiError}; in a `queue` one of its members gets each message. */
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
    // the subscriptions of all clients have a bound
    if (this.#exchange.subscribe(subscription) !== "added") {
      throw new ApiError("insufficientResources");
    }
    return subscription;
  }

  /** Ends a subscription. */
  unsubscribe(subscription: InternalSubscription): void {
    this.#exchange.unsubscribe(subscription);
  }

  /** Is anybody subscribed to the subject, the server itself included? */
  reaches(subject: string): boolean {
    return this.#exchange.reaches(subject);
  }

  /** Is anybody subscribed to just this subject; with a queue, in that one? */
  isSubscribed(subject: string, queue?: string): boolean {
    return this.#exchange.isSubscribed(subject, queue);
  }

  /** Has each change of the subscriptions to just this subject be told; gives what ends that. */
  watch(subject: string, changed: () => void): () => void {
    return this.#exchange.watch(subject, changed);
  }

  /** Publishes, a little later. */
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

  /** Publishes a status, and headers where there are any, a little later. */
  say(subject: string, status: string, headers?: Parameters<typeof statusBlock>[1]): void {
    this.publish(subject, { headers: statusBlock(status, headers) });
  }

  /** Takes a message for one of its subscriptions. */
  deliver(subscription: Subscription, { line, payload }: Publication): boolean {
    const { subject, reply, headerSize } = line;
    const size = Math.max(headerSize, 0);
    const headers = size > 0 ? byteString(payload, 0, size) : "";
    const body = payload.subarray(size);
    const { receive } = subscription as InternalSubscription;
    return receive({ subject, reply, headers, body }) ?? true;
  }

  /** Publishes nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#next = 0;
  }

  /** Two streams may republish to each other for ever, and others must have their turn meanwhile. */
  async #leave(): Promise<void> {
    try {
      for (;;) {
        this.#send();
        if (this.#queue.length === 0) return;
        await breath();
        // many consumers at once would otherwise fill what may wait for a client before it could read
        await this.#congestion.relief();
      }
    } finally {
      this.#leaving = false;
    }
  }

  /** Publishes as many of those that wait as one turn may have; what that brings about waits in turn. */
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
