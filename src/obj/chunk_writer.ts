import type { Timer } from "../clock.ts";
import { pause } from "../deadline.ts";
import { ConnectionError, NoRespondersError, TimeoutError } from "../errors.ts";
import { asError } from "../legible.ts";
import { covers, type Message } from "../door/mod.ts";
import type { StreamInfo } from "../jetstream/api/api_types.ts";
import { NoStreamError, NotStoredError } from "../jetstream/api/errors.ts";
import { readAnswer } from "../jetstream/publish/pub_ack.ts";
import type { Bucket } from "./bucket.ts";
import type { Chunk } from "./chunker.ts";
import { isPassing } from "./passing.ts";
import { StoredChunks } from "./stored_chunks.ts";

/** Bytes in flight to the server: enough for 40 MB/s at a latency of 100 ms. */
const WINDOW = 4_194_304;
const FEWEST = 2;
const MOST = 64;
/** Milliseconds before the first retry; doubled for each further one. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
/**
 * Milliseconds without an answer after which the stream may have a new leader, which never received the messages in
 * flight; doubled each time, as the connection itself may be that slow.
 */
const SILENCE = 4_000;
/** Milliseconds to wait for outstanding answers at the end: a message stored after the purge would stay. */
const PATIENCE = 2_000;

/** Settings of a chunk writer. */
export interface ChunkWriterSettings {
  readonly action: string;
  readonly id: string;
  /** In bytes. */
  readonly chunkSize: number;
  /** How long the writer may make no progress, outages included, in milliseconds. */
  readonly timeout: number;
  /** Called for each chunk that is stored. */
  readonly stored: (chunk: Chunk) => void;
}

interface Unconfirmed {
  readonly chunk: Chunk;
  readonly index: number;
}

/**
 * Stores the chunks of one object in order, with many in flight. A lost connection or leader can lose chunks, which
 * leaves a gap before those that follow. So whenever an answer is missing, late or out of order, the writer pauses,
 * reads what is stored, deletes everything after the first gap, and resends from there.
 */
export class ChunkWriter {
  readonly #bucket: Bucket;
  readonly #settings: ChunkWriterSettings;
  readonly #subject: string;
  readonly #stored: StoredChunks;
  readonly #window: number;
  readonly #stopListening: () => void;
  /** Chunks in flight, or held back during a repair, in order. */
  #unconfirmed: Unconfirmed[] = [];
  #count = 0;
  /** Whether chunks were resent. */
  #wasResumed = false;
  #round = new AbortController();
  #repair: Promise<void> | undefined;
  /** Since when the writer has made no progress, by the clock. */
  #troubledSince: number | undefined;
  /** The wait before the next retry, in milliseconds. */
  #wait = 0;
  #failure: { readonly error: unknown } | undefined;
  readonly #failed = new AbortController();
  #isUp = true;
  #silence = SILENCE;
  #timer: Timer | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(bucket: Bucket, settings: ChunkWriterSettings) {
    this.#bucket = bucket;
    this.#settings = settings;
    this.#subject = bucket.names.chunks(settings.id);
    this.#stored = new StoredChunks(bucket, settings.action, settings.id);
    this.#window = Math.min(MOST, Math.max(FEWEST, Math.floor(WINDOW / settings.chunkSize)));
    this.#stopListening = bucket.access.onConnection((state) => {
      this.#isUp = state === "back";
      // chunks that wait for the next connection would leave a gap
      if (state === "lost") this.#disturb(new Error("the connection was lost"));
      else if (state === "closed") this.fail(stopped(settings.action));
      this.#change();
    });
  }

  /** The number of chunks written. */
  get count(): number {
    return this.#count;
  }

  /** Sends a chunk; resolves once there is room for it in flight. */
  async write(chunk: Chunk): Promise<void> {
    while (this.#unconfirmed.length >= this.#window) await this.#nextChange();
    this.#check();
    const one = { chunk, index: this.#count++ };
    this.#unconfirmed.push(one);
    if (this.#unconfirmed.length === 1) this.#watch();
    if (!this.#repair) this.#send(one);
  }

  /**
   * Resolves once all chunks are stored, and nothing else is under their subject: `collect()` in another process may
   * have purged this upload if it paused for long.
   */
  async finish(): Promise<void> {
    while (this.#unconfirmed.length > 0) await this.#nextChange();
    this.#check();
    // the count alone does not suffice if chunks were resent
    if (!this.#wasResumed && await this.#stored.count() === this.#count) return;
    await this.#stored.keepOnly(this.#count);
  }

  /** Aborts with the reason once it has failed. */
  get signal(): AbortSignal {
    return this.#failed.signal;
  }

  /** Fails the writer: pending calls reject with the first error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#failed.abort(this.#failure.error);
    this.#change();
  }

  /** Stops; resolves once the server has answered all chunks in flight, or a short timeout is over. */
  async close(): Promise<void> {
    const { clock } = this.#bucket.access;
    this.#failure ??= { error: new Error("the writer is closed") };
    this.#change();
    await this.#repair;
    const until = clock.now() + PATIENCE;
    while (this.#unconfirmed.length > 0 && this.#isUp && !this.#round.signal.aborted) {
      const left = until - clock.now();
      if (left <= 0) break;
      await this.#waitFor(left);
    }
    this.#stopListening();
    this.#timer?.clear();
    this.#round.abort(this.#failure.error);
  }

  #send({ chunk, index }: Unconfirmed): void {
    const { access } = this.#bucket;
    const { timeout } = this.#settings;
    const round = this.#round;
    const headers = { "Nats-Msg-Id": this.#stored.idOf(index) };
    const options = { headers, timeout, signal: round.signal };
    const failed = (error: unknown) => round === this.#round && this.#disturb(error);
    try {
      access.request(this.#subject, chunk.data, options).then(
        (answer) => round === this.#round && this.#answered(index, answer),
        failed,
      );
    } catch (error) {
      failed(error);
    }
  }

  #answered(index: number, { data }: Message): void {
    const packet = { subject: "", replyTo: "", data, headerBlock: undefined };
    const answer = readAnswer(this.#subject, packet, this.#settings.action);
    if (answer.kind === "refused") return this.#disturb(answer.error);
    // a cluster of nats-server 2.10 can remember an id whose message it has lost
    if (answer.kind === "later") this.#stored.useUp(index);
    const isNext = answer.kind === "stored" && index === this.#unconfirmed[0]?.index;
    // an earlier chunk was lost, or was stored after this one
    if (!isNext || !this.#stored.add(answer.ack)) return this.#disturb(new OutOfOrder());
    this.#confirm(1);
  }

  /** Confirms the first chunks. */
  #confirm(count: number): void {
    for (const { chunk } of this.#unconfirmed.splice(0, count)) this.#settings.stored(chunk);
    if (count > 0) {
      this.#troubledSince = undefined;
      this.#wait = 0;
      this.#silence = SILENCE;
    }
    this.#watch();
    this.#change();
  }

  /** Starts the timer that checks for the next answer. */
  #watch(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#unconfirmed.length === 0 || this.#failure) return;
    const { clock } = this.#bucket.access;
    // a server can answer requests, and yet store nothing: its disk is full
    const since = this.#troubledSince ?? clock.now();
    const left = since + this.#settings.timeout - clock.now();
    this.#timer = clock.setTimeout(() => this.#doubt(), Math.max(0, Math.min(this.#silence, left)));
  }

  #doubt(): void {
    this.#silence *= 2;
    this.#disturb(new TimeoutError(this.#settings.action, this.#silence / 2, this.#subject));
  }

  /** Pauses sending after an error, and starts a repair if the error may be temporary. */
  #disturb(error: unknown): void {
    if (this.#repair) return;
    this.#round.abort(error);
    if (this.#failure) return this.#change();
    if (!isPassing(error) && !(error instanceof OutOfOrder) && this.#isUp) return this.fail(error);
    const repair: Promise<void> = this.#mend(error).catch((reason) => this.fail(reason))
      .finally(() => this.#repair === repair && this.#ended());
    this.#repair = repair;
  }

  #ended(): void {
    this.#repair = undefined;
    this.#change();
  }

  /** Retries the repair until it succeeds, or there was no progress for too long. */
  async #mend(error: unknown): Promise<void> {
    const { access } = this.#bucket;
    const { action, timeout } = this.#settings;
    const began = this.#troubledSince ??= access.clock.now();
    for (let cause = error;;) {
      if (this.#wait > 0) await this.#waitFor(this.#wait);
      if (this.#failure) return;
      this.#wait = Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT, this.#wait * 2));
      if (access.clock.now() - began >= timeout) {
        const rule = `something must be stored every ${timeout} ms: nothing was`;
        throw new NotStoredError(action, this.#subject, rule, { cause: asError(cause) });
      }
      try {
        if (!this.#isUp) continue;
        if (error instanceof NoRespondersError) await this.#checkTaken();
        return await this.#resume();
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
        cause = thrown;
      }
    }
  }

  /** Distinguishes a missing leader, which is temporary, from a stream that does not take the subject. */
  async #checkTaken(): Promise<void> {
    const { api, names } = this.#bucket;
    const { config } = await api.call<StreamInfo>(`STREAM.INFO.${names.stream}`);
    if (config.subjects?.some((taken) => covers(taken, this.#subject))) return;
    throw new NoStreamError(this.#settings.action, this.#subject);
  }

  /** Confirms what is stored, deletes what follows a gap, and resends the rest. */
  async #resume(): Promise<void> {
    const [next] = this.#unconfirmed;
    // if everything is confirmed nothing is in doubt, and the end of the put may be reading the chunks
    if (next) this.#confirm(await this.#stored.readOn(next.index));
    if (this.#failure || !this.#isUp) return;
    this.#wasResumed = true;
    this.#round = new AbortController();
    this.#repair = undefined;
    this.#watch();
    for (const one of [...this.#unconfirmed]) if (!this.#repair) this.#send(one);
  }

  /** Waits for a change, at most this long. */
  async #waitFor(milliseconds: number): Promise<void> {
    const ended = new AbortController();
    this.#changed.promise.then(() => ended.abort());
    await pause(this.#bucket.access.clock, milliseconds, ended.signal);
  }

  async #nextChange(): Promise<void> {
    this.#check();
    await this.#changed.promise;
    this.#check();
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The error of a put when its broker stops. */
export function stopped(action: string): ConnectionError {
  const rule = "the connection must stay open until it is stored: the broker stops";
  return new ConnectionError(`Cannot ${action} as ${rule}`, "closed");
}

/** An answer arrived out of order. */
class OutOfOrder extends Error {}
