import type { Timer } from "../../../../clock.ts";
import { advise } from "../advisories.ts";
import { ApiError } from "../api/errors.ts";
import type { Context } from "../context.ts";
import { headerOf, headerText, withHeader, withoutHeader } from "../header_block.ts";
import type { Published } from "../message.ts";
import { asksTooMuch } from "../api_level.ts";
import { checkBatch } from "./batch_checks.ts";
import { HEADER } from "./header_names.ts";
import type { Ack, Ingest } from "./ingest.ts";
import { checkSize } from "./size.ts";
import type { StreamState } from "./state.ts";

/** A batch without a new message for this long is abandoned, in milliseconds. */
const PATIENCE = 10_000;
const MAX_BATCHES = 50;
const MAX_MESSAGES = 1_000;
const MAX_ID = 64;
/** Memory of a message without its bytes: measured. */
const MESSAGE = 400;

/** The messages of an unfinished batch. */
interface Batch {
  readonly id: string;
  readonly messages: Published[];
  held: number;
  timer: Timer | undefined;
}

/** The result for a batch message: held until the commit, or the whole batch was stored. */
export type BatchAck = "held" | Ack & { readonly batch: string; readonly count: number };

/** Atomic batches: all their messages are stored, or none. */
export class Batches {
  readonly #context: Context;
  readonly #state: StreamState;
  readonly #ingest: Ingest;
  readonly #batches = new Map<string, Batch>();
  #held = 0;

  constructor(context: Context, state: StreamState, ingest: Ingest) {
    this.#context = context;
    this.#state = state;
    this.#ingest = ingest;
  }

  /** Whether the message belongs to a batch. */
  static takes({ headers }: Published): boolean {
    return headers !== "" && headerText(headers, HEADER.batchId) !== "";
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Adds the next message of a batch; throws an {@linkcode ApiError} if the message or the whole batch is rejected. */
  add(published: Published): BatchAck {
    const { config } = this.#state;
    const id = headerText(published.headers, HEADER.batchId);
    if (config.sealed) throw new ApiError("streamSealed");
    if (this.#context.memory.isExceeded) throw new ApiError("insufficientResources");
    checkSize(config, published);
    if (!config.allow_atomic) throw new ApiError("batchDisabled");
    if (id.length > MAX_ID) throw new ApiError("batchInvalidId");
    const text = headerText(published.headers, HEADER.batchSequence);
    if (!/^\d{1,19}$/.test(text)) throw new ApiError("batchSequenceMissing");
    const seq = Number(text);
    const commit = headerOf(published.headers, HEADER.batchCommit);
    const batch = this.#batches.get(id) ?? this.#begin(id, seq, commit === "eob");
    if (commit !== undefined && commit !== "1" && commit !== "eob") {
      this.#end(batch);
      throw new ApiError("batchInvalidCommit");
    }
    return this.#take(batch, { ...published, seq, commit });
  }

  /** Drops all batches. */
  clear(): void {
    for (const batch of [...this.#batches.values()]) this.#end(batch);
  }

  #begin(id: string, seq: number, isEnd: boolean): Batch {
    if (seq !== 1) {
      if (seq - (isEnd ? 1 : 0) > MAX_MESSAGES) throw new ApiError("batchTooLarge", MAX_MESSAGES);
      throw new ApiError("batchIncomplete");
    }
    if (this.#batches.size >= MAX_BATCHES) throw new ApiError("batchTooManyInFlight");
    const batch: Batch = { id, messages: [], held: 0, timer: undefined };
    this.#batches.set(id, batch);
    return batch;
  }

  #take(
    batch: Batch,
    { seq, commit, ...published }: Published & { seq: number; commit: string | undefined },
  ): BatchAck {
    let { headers } = published;
    if (asksTooMuch(headers)) {
      this.#abandon(batch, "unsupported");
      throw new ApiError("requiredApiLevel");
    }
    headers = withoutHeader(headers, HEADER.requiredApiLevel);
    const isEnd = commit === "eob";
    if (seq !== batch.messages.length + 1 || (seq === 1 && isEnd)) {
      this.#abandon(batch, "incomplete");
      throw new ApiError("batchIncomplete");
    }
    if (seq - (isEnd ? 1 : 0) > MAX_MESSAGES) {
      this.#abandon(batch, "large");
      throw new ApiError("batchTooLarge", MAX_MESSAGES);
    }
    if (!isEnd) this.#keep(batch, { ...published, headers, body: published.body.slice() });
    if (commit !== undefined) return this.#commit(batch, isEnd);
    this.#wait(batch);
    return "held";
  }

  #keep(batch: Batch, message: Published): void {
    const held = message.subject.length + message.headers.length + message.body.length + MESSAGE;
    batch.messages.push(message);
    batch.held += held;
    this.#held += held;
  }

  #commit(batch: Batch, isEnd: boolean): BatchAck {
    this.#end(batch);
    const count = batch.messages.length;
    const checked = checkBatch(this.#state, batch.messages, this.#context.clock.wallTime());
    let ack: Ack = { seq: 0 };
    for (const [i, { message, rollup }] of checked.entries()) {
      const headers = isEnd && i === count - 1
        ? withHeader(message.headers, HEADER.batchCommit, "1")
        : message.headers;
      ack = this.#ingest.commit({ ...message, headers }, rollup);
    }
    return { seq: ack.seq, batch: batch.id, count };
  }

  #wait(batch: Batch): void {
    batch.timer?.clear();
    const { clock } = this.#context;
    batch.timer = clock.setTimeout(() => this.#abandon(batch, "timeout"), PATIENCE);
    batch.timer.unref();
  }

  /** Drops a batch and publishes an advisory with the reason. */
  #abandon(batch: Batch, reason: string): void {
    this.#end(batch);
    const { name: stream } = this.#state.config;
    const facts = { stream, batch: batch.id, reason };
    advise(this.#context, `STREAM.BATCH_ABANDONED.${stream}`, "stream_batch_abandoned", facts);
  }

  #end(batch: Batch): void {
    batch.timer?.clear();
    if (this.#batches.delete(batch.id)) this.#held -= batch.held;
  }
}
