import { asError } from "../../legible.ts";
import { unharmed } from "../../promises.ts";
import type { IngestItems } from "./ingest_items.ts";
import type { IngestError } from "./ingest_error.ts";
import type { Transfer, TransferEnd } from "./transfer.ts";

/** How an ingest has ended, and how far it has come. */
export interface IngestEnd {
  /** `"closed"` once all is stored; `"failed"` with an `error`; `"aborted"` by the program. */
  readonly reason: "closed" | "failed" | "aborted";
  /** Why it has failed. */
  readonly error: IngestError | undefined;
  /** How many items are stored for certain: the first ones, without a gap. */
  readonly stored: number;
  /** How many items after those may be stored, and may not. */
  readonly uncertain: number;
  /** The stream that has them; `undefined` if it has not said so. */
  readonly stream: string | undefined;
  /** The sequence of the last item, as far as the stream has said so. */
  readonly seq: number | undefined;
}

/** How an ingest begins. */
export interface IngestStart {
  readonly items: IngestItems;
  /** Begins the transfer of the messages, and tells its end. */
  readonly begin: (ended: (end: TransferEnd) => void) => Transfer;
}

/** So many items are taken from a pipe ahead of what is written. */
const AHEAD = 16;
/** Only `js.ingest()` makes one. */
export const MADE_BY_JETSTREAM = Symbol();

/**
 * Stores what is written to it, in order, each item once; `js.ingest()` makes it. `write()` waits while too much is not
 * stored yet, and `close()` until all of it is. It goes on over outages, restarts and elections, and where a stream is made
 * again, until the stream has confirmed nothing for its `timeout`. Then, or if a message is refused for good, it fails
 * with an `IngestError`: the first `stored` items are stored, the next `uncertain` ones may be, and none after those is. An
 * item that is too large, cannot be encoded or does not fit the schema ends it, once all items before it are stored.
 *
 * A stream with `allowBatched`, of nats-server 2.14 or later, takes fast batches: `isFast` says so. To any other stream each
 * message is published by itself, one after the other, as a stream that is without a leader for a moment would else store
 * a later one first; `window` has more of them under way at once, where the order need not be kept then.
 *
 * Each message has an id of its own, by which the stream knows what it has already when it is sent again. So subscribers
 * of the subject that are no consumers may see a message twice after an outage, but the stream has it once.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const readings = stream("READINGS", {
 *   subjects: ["readings.{id}"],
 *   allowBatched: true, // fast batches: nats-server 2.14
 *   declare: "create",
 * });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [readings] });
 * await using _test = await TestBroker.start(broker);
 *
 * const sensor = ReadableStream.from([20.5, 20.6, 20.4]);
 * await sensor.pipeTo(js.ingest("readings.kitchen"));
 *
 * const all = js.ingest("readings.{id}", { stream: readings });
 * const writer = all.getWriter();
 * for (const id of ["bath", "hall"]) await writer.write({ params: { id }, body: 19 });
 * await writer.close(); // all of it is stored
 * assertEquals([all.stored, all.seq, all.isFast], [2, 5, true]);
 * ```
 *
 * @example An item that the stream does not take
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { IngestError, jetstream, LimitError, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
 *
 * const lines = stream("LINES", {
 *   subjects: ["lines"],
 *   maxMsgSize: 1_000,
 *   allowBatched: true,
 *   declare: "create",
 * });
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { logger: false });
 * const js = jetstream(broker, { streams: [lines] });
 * await using _test = await TestBroker.start(broker);
 *
 * const items = ReadableStream.from(["a", "b", "c".repeat(2_000), "d"]);
 * const error = await assertRejects(() => items.pipeTo(js.ingest("lines")), IngestError);
 * assertInstanceOf(error.cause, LimitError);
 * assertEquals([error.stored, error.uncertain], [2, 0]); // go on with the third, or the fourth
 * ```
 */
export class Ingest<Item = unknown> extends WritableStream<Item> {
  /** Resolves once it has ended, with how and how far; never rejects. */
  readonly closed: Promise<IngestEnd>;
  readonly #transfer: Transfer;

  /** Not for programs: `js.ingest()` makes one. */
  constructor(key: symbol, { items, begin }: IngestStart) {
    if (key !== MADE_BY_JETSTREAM) {
      throw new TypeError("Cannot make an ingest as it must be made by js.ingest(): it is not");
    }
    const { promise, resolve } = Promise.withResolvers<TransferEnd>();
    let controller: WritableStreamDefaultController | undefined;
    const transfer = begin((end) => {
      // at once, so that no item is taken any more
      if (controller) breakBy(controller, end);
      resolve(end);
    });
    super({
      start: (made) => {
        controller = made;
        if (transfer.end) breakBy(made, transfer.end);
        // the stream's own abort() comes only once a write is over, which may wait for room
        const { signal } = made;
        signal.addEventListener("abort", () => {
          controller = undefined;
          transfer.abort(signal.reason);
        }, { once: true });
      },
      write: (item) => writeTo(transfer, items, item),
      close: () => transfer.finish(),
    }, new CountQueuingStrategy({ highWaterMark: AHEAD }));
    this.#transfer = transfer;
    this.closed = promise.then((end) => {
      const { stored, uncertain, stream, seq } = this;
      const error = end.kind === "failed" ? end.error : undefined;
      return { reason: end.kind, error, stored, uncertain, stream, seq };
    });
    unharmed(this, "abort", "close");
  }

  /** How many items are stored for certain: the first ones, without a gap. */
  get stored(): number {
    return this.#transfer.backlog.first;
  }

  /** How many items were taken and are not known to be stored. */
  get pending(): number {
    return this.#transfer.backlog.pending;
  }

  /** How many items after those that are stored were sent, so that they may be stored, too. */
  get uncertain(): number {
    return this.#transfer.uncertain;
  }

  /** The stream that has them; `undefined` before it has said so. */
  get stream(): string | undefined {
    return this.#transfer.last?.stream;
  }

  /**
   * The sequence of the last item that the stream has told the sequence of: at least once in each pause of the items, and at
   * the end.
   */
  get seq(): number | undefined {
    return this.#transfer.last?.seq;
  }

  /**
   * Whether the stream takes them by fast batches, which needs a stream with `allowBatched`, and nats-server 2.14; `undefined`
   * before it has confirmed one.
   */
  get isFast(): boolean | undefined {
    return this.#transfer.isFast;
  }

  /** A writer; a promise of its `write()` may be left un-awaited. */
  override getWriter(): WritableStreamDefaultWriter<Item> {
    return unharmed(super.getWriter(), "write", "close", "abort");
  }
}

function breakBy(controller: WritableStreamDefaultController, end: TransferEnd): void {
  if (end.kind === "failed") controller.error(end.error);
  else if (end.kind === "aborted") controller.error(end.reason);
}

function writeTo(
  transfer: Transfer,
  items: IngestItems,
  item: unknown,
): Promise<void> | undefined {
  try {
    const kept = items.read(item);
    if (!(kept instanceof Promise)) return transfer.take(kept);
    return kept.then((made) => transfer.take(made), (error) => transfer.reject(asError(error)));
  } catch (error) {
    return transfer.reject(asError(error));
  }
}
