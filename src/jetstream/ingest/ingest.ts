import { asError } from "../../legible.ts";
import { unharmed } from "../../promises.ts";
import type { IngestItems } from "./ingest_items.ts";
import type { IngestError } from "./ingest_error.ts";
import type { Transfer, TransferEnd } from "./transfer.ts";

/** How an ingest has ended, and how many items it has stored. */
export interface IngestEnd {
  /** `"closed"`: all items are stored. `"failed"`: `error` says why. `"aborted"`: the program has aborted it. */
  readonly reason: "closed" | "failed" | "aborted";
  /** The error of an ingest that has failed. */
  readonly error: IngestError | undefined;
  /** How many items are certainly stored: the first ones, without a gap. */
  readonly stored: number;
  /** How many items after the stored ones may or may not be stored. */
  readonly uncertain: number;
  /** The name of the stream that stores the items; `undefined` if it has not answered. */
  readonly stream: string | undefined;
  /** The sequence of the last item, as the stream last said; `undefined` if it has said none. */
  readonly seq: number | undefined;
}

/** What an ingest is made of. */
export interface IngestStart {
  readonly items: IngestItems;
  /** Begins to transfer the messages; calls `ended` at the end. */
  readonly begin: (ended: (end: TransferEnd) => void) => Transfer;
}

/** How many items are taken from a pipe ahead of the write in progress. */
const AHEAD = 16;
/** The key that keeps programs from calling the constructor. */
export const MADE_BY_JETSTREAM = Symbol();

/**
 * Stores the items that are written to it, in order, each once; `js.ingest()` makes it. `write()` waits while too many
 * items are not stored yet, and `close()` waits until all are. An ingest goes on over outages, restarts, elections, and the
 * deletion and re-creation of its stream. It fails with an `IngestError` if the stream confirms nothing for `timeout`, or
 * refuses a message for good: the first `stored` items are stored, the next `uncertain` ones may be, and none after those
 * is. An item that is too large, cannot be encoded or does not fit the schema ends the ingest, once all items before it are
 * stored.
 *
 * A stream with `allowBatched`, on nats-server 2.14 or later, takes fast batches; then `isFast` is `true`. To any other
 * stream the ingest publishes one message after the other, because a stream that loses its leader for a moment could
 * otherwise store a later message first. With `window` it publishes more at once, and the order may then be lost.
 *
 * Each message has its own id, by which the stream recognizes a message that is sent again. So the stream stores it once,
 * but plain subscribers of the subject may get it twice after an outage. After an outage the ingest publishes the messages
 * that no answer has confirmed one by one, and new ones once all of these are stored. A leader that has lost its leadership
 * for a moment may accept an id and never store the message; 15 s later the ingest stores such a message under a new id.
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
 * assertEquals([error.stored, error.uncertain], [2, 0]); // go on with the third item, or skip it
 * ```
 */
export class Ingest<Item = unknown> extends WritableStream<Item> {
  /** Resolves once the ingest has ended, with the reason and the counts; never rejects. */
  readonly closed: Promise<IngestEnd>;
  readonly #transfer: Transfer;

  /** Not for programs: `js.ingest()` makes one. */
  constructor(key: symbol, { items, begin }: IngestStart) {
    if (key !== MADE_BY_JETSTREAM) {
      throw new TypeError("Cannot make an ingest as only js.ingest() makes one");
    }
    const { promise, resolve } = Promise.withResolvers<TransferEnd>();
    let controller: WritableStreamDefaultController | undefined;
    const transfer = begin((end) => {
      // fail the stream at once, so that it takes no further item
      if (controller) breakBy(controller, end);
      resolve(end);
    });
    super({
      start: (made) => {
        controller = made;
        if (transfer.end) breakBy(made, transfer.end);
        // react to the signal here: the stream calls `abort()` only after a write is over, and that write may wait for room
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

  /** How many items are certainly stored: the first ones, without a gap. */
  get stored(): number {
    return this.#transfer.backlog.first;
  }

  /** How many items were written and are not known to be stored. */
  get pending(): number {
    return this.#transfer.backlog.pending;
  }

  /** How many items after the stored ones were sent, so that they may be stored, too. */
  get uncertain(): number {
    return this.#transfer.uncertain;
  }

  /** The name of the stream that stores the items; `undefined` before its first answer. */
  get stream(): string | undefined {
    return this.#transfer.last?.stream;
  }

  /**
   * The sequence of the last item for which the stream has reported one. The stream reports it at least in each pause
   * between items, and at the end.
   */
  get seq(): number | undefined {
    return this.#transfer.last?.seq;
  }

  /**
   * Whether the stream takes fast batches, which need `allowBatched` and nats-server 2.14; `undefined` before it has
   * confirmed an item.
   */
  get isFast(): boolean | undefined {
    return this.#transfer.isFast;
  }

  /** Returns a writer; a program may ignore the promise of its `write()`. */
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
