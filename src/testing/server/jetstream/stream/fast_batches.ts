import type { Timer } from "../../../../clock.ts";
import { ApiError } from "../api/errors.ts";
import { asksTooMuch } from "../api_level.ts";
import type { Context } from "../context.ts";
import { withoutHeader } from "../header_block.ts";
import type { Published } from "../message.ts";
import { checkBatch } from "./batch_checks.ts";
import { type FastPart, readFastPart } from "./fast_part.ts";
import { HEADER } from "./header_names.ts";
import type { Ingest } from "./ingest.ts";
import { checkSize } from "./size.ts";
import type { StreamState } from "./state.ts";

/** A batch without a new message for this long is abandoned, in milliseconds. */
const PATIENCE = 10_000;
const MAX_BATCHES = 1_000;
const MAX_ID = 64;
/** The number of messages in flight, over all batches, between two acknowledgements. */
const FLOW = 500;

/** A fast batch: its messages are stored as they arrive, and acknowledged at intervals. */
interface FastBatch {
  readonly id: string;
  readonly gapsAllowed: boolean;
  readonly maxFlow: number;
  /** The number of messages between two acknowledgements. */
  flow: number;
  /** The batch sequence of the last message received. */
  last: number;
  /** The batch sequence of the last message acknowledged. */
  acknowledged: number;
  /** The stream sequence of the last message stored. */
  stored: number;
  timer: Timer | undefined;
}

/** Responds to the publisher. */
type Say = (said: object) => void;

/** Fast batches: messages are stored as they arrive, with flow control towards the publisher. */
export class FastBatches {
  readonly #context: Context;
  readonly #state: StreamState;
  readonly #ingest: Ingest;
  readonly #batches = new Map<string, FastBatch>();

  constructor(context: Context, state: StreamState, ingest: Ingest) {
    this.#context = context;
    this.#state = state;
    this.#ingest = ingest;
  }

  /** Handles the next message of a batch; throws an {@linkcode ApiError} if it is invalid. */
  add(published: Published, say: Say): void {
    const part = this.#read(published);
    const batch = this.#batches.get(part.id) ?? this.#begin(part);
    if (asksTooMuch(published.headers)) {
      this.#end(batch);
      throw new ApiError("requiredApiLevel");
    }
    this.#wait(batch);
    if (part.kind === "ping") return this.#ping(batch, part, say);
    if (!this.#follows(batch, part, say)) return;
    if (part.kind === "end") {
      batch.last--;
      return this.#finish(batch, say);
    }
    // a stream without acknowledgements omits only this first answer
    const isSilent = this.#state.config.no_ack || part.seq !== 1 || part.kind === "last";
    if (!isSilent) say(ackOf(0, batch.flow));
    const headers = withoutHeader(published.headers, HEADER.requiredApiLevel);
    this.#store(batch, part, { ...published, headers }, say);
  }

  /** Drops all batches. */
  clear(): void {
    for (const batch of [...this.#batches.values()]) this.#end(batch);
  }

  #read(published: Published): FastPart {
    const { config } = this.#state;
    if (config.sealed) throw new ApiError("streamSealed");
    if (this.#context.memory.isExceeded) throw new ApiError("insufficientResources");
    checkSize(config, published);
    if (!config.allow_batched) throw new ApiError("fastBatchDisabled");
    const part = readFastPart(published.reply);
    if (!part) throw new ApiError("fastBatchInvalidPattern");
    if (part.id.length > MAX_ID) throw new ApiError("fastBatchInvalidId");
    return part;
  }

  #begin({ id, seq, flow, gapsAllowed }: FastPart): FastBatch {
    if (seq !== 1) throw new ApiError("fastBatchUnknownId");
    if (this.#batches.size >= MAX_BATCHES) throw new ApiError("fastBatchTooManyInFlight");
    const counts = { last: 0, acknowledged: 0, stored: 0 };
    const first = this.#batches.size > 0 ? 1 : Math.min(FLOW, flow);
    const batch = { id, gapsAllowed, maxFlow: flow, flow: first, ...counts, timer: undefined };
    this.#batches.set(id, batch);
    return batch;
  }

  /** Whether the message is the next one, or the batch allows gaps. */
  #follows(batch: FastBatch, { seq }: FastPart, say: Say): boolean {
    const expected = batch.last + 1;
    if (seq !== expected) say({ type: "gap", last_seq: expected, seq });
    if (seq === expected || (batch.gapsAllowed && seq > expected)) {
      batch.last = seq;
      return true;
    }
    this.#finish(batch, say);
    return false;
  }

  /** Responds to a ping with the batch's progress. */
  #ping(batch: FastBatch, { seq }: FastPart, say: Say): void {
    if (seq > batch.last) {
      say({ type: "gap", last_seq: batch.last + 1, seq: seq + 1 });
      if (!batch.gapsAllowed) return this.#finish(batch, say);
      batch.last = seq;
      if (this.#acknowledge(batch, say)) return;
    }
    say(ackOf(batch.acknowledged, batch.flow));
  }

  #store(batch: FastBatch, part: FastPart, message: Published, say: Say): void {
    const isLast = part.kind === "last";
    const now = this.#context.clock.wallTime();
    const duplicate = this.#state.duplicateOf(message.headers, now);
    try {
      const [checked] = checkBatch(this.#state, [message], now);
      batch.stored = this.#ingest.commit(checked!.message, checked!.rollup).seq;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.#refuse(batch, part, { error, duplicate }, say);
    }
    if (isLast) this.#finish(batch, say);
    else this.#acknowledge(batch, say);
  }

  #refuse(
    batch: FastBatch,
    { seq, kind }: FastPart,
    { error, duplicate }: { error: ApiError; duplicate: number | undefined },
    say: Say,
  ): void {
    const isLast = kind === "last";
    if (duplicate !== undefined) {
      this.#acknowledge(batch, say);
      if (!isLast) return;
    }
    if (!batch.gapsAllowed && batch.last === 1) {
      this.#end(batch);
      const { name: stream } = this.#state.config;
      if (duplicate === undefined) return say({ error, stream, seq: 0 });
      return say({ stream, seq: duplicate, duplicate: true, batch: batch.id, count: seq });
    }
    if (duplicate === undefined) say({ type: "err", seq, error });
    if (batch.gapsAllowed && !isLast) return;
    if (duplicate === undefined) batch.last--;
    this.#finish(batch, say);
  }

  /** Acknowledges the progress if it is time to: the more batches there are, the more often. */
  #acknowledge(batch: FastBatch, say: Say): boolean {
    if (batch.last < batch.acknowledged + batch.flow) return false;
    const steps = Math.floor((batch.last - batch.acknowledged) / batch.flow);
    batch.acknowledged += steps * batch.flow;
    const share = Math.max(1, Math.floor(FLOW / this.#batches.size));
    const most = Math.min(share, batch.maxFlow);
    batch.flow = batch.flow < most
      ? Math.min(batch.flow * 2, most)
      : Math.max(Math.floor(batch.flow / 2), most);
    say(ackOf(batch.acknowledged, batch.flow));
    return true;
  }

  #finish(batch: FastBatch, say: Say): void {
    this.#end(batch);
    const { name: stream } = this.#state.config;
    say({ stream, seq: batch.stored, batch: batch.id, count: batch.last });
  }

  #wait(batch: FastBatch): void {
    batch.timer?.clear();
    batch.timer = this.#context.clock.setTimeout(() => this.#end(batch), PATIENCE);
    batch.timer.unref();
  }

  #end(batch: FastBatch): void {
    batch.timer?.clear();
    this.#batches.delete(batch.id);
  }
}

function ackOf(seq: number, msgs: number): object {
  return { type: "ack", seq, msgs };
}
