import { ApiError } from "../api/errors.ts";
import type { Clock } from "../../../../clock.ts";
import { headerText } from "../header_block.ts";
import type { Published, StoredMessage } from "../message.ts";
import { toMicros } from "../time.ts";
import type { Memory } from "../memory.ts";
import { counted, countedCopy, incrementOf, valueOf } from "./counter.ts";
import {
  checkLastId,
  checkLastSequence,
  checkLastSubjectSequence,
  checkSource,
  checkStream,
} from "./expectations.ts";
import { HEADER } from "./header_names.ts";
import type { MirroredPlace } from "./mirror_copier.ts";
import { checkTtlAllowed, ttlOf, withLeastTtl } from "./message_ttl.ts";
import { type Rollup, rollupOf, rollupOfOwn } from "./rollup.ts";
import { checkScheduler, PURGE, scheduled } from "./schedule_checks.ts";
import { checkHeaderSize, checkSize } from "./size.ts";
import type { StreamState } from "./state.ts";

/** A publish acknowledgement, without the stream's name. */
export interface Ack {
  readonly seq: number;
  readonly duplicate?: true;
  /** The counter's new total. */
  readonly val?: string;
}

/** What a stream does after it has stored a message. */
export interface Effects {
  stored(message: StoredMessage, lastOfSubject: number): void;
}

/** Stores messages: runs the checks in the server's order, then the effects. */
export class Ingest {
  readonly #state: StreamState;
  readonly #clock: Clock;
  readonly #memory: Memory;
  readonly #effects: Effects;

  constructor(state: StreamState, clock: Clock, memory: Memory, effects: Effects) {
    this.#state = state;
    this.#clock = clock;
    this.#memory = memory;
    this.#effects = effects;
  }

  /** Stores a client's message; throws an {@linkcode ApiError} if it is rejected. */
  accept(published: Published): Ack {
    const state = this.#state;
    if (state.config.sealed) throw new ApiError("streamSealed");
    checkSize(state.config, published);
    const now = this.#clock.wallTime();
    const increment = incrementOf(state, published);
    let message = published;
    if (published.headers !== "") {
      checkStream(state, message);
      checkTtlAllowed(state.config, message);
      checkLastSubjectSequence(state, message);
      checkLastSequence(state, message);
      message = { ...message, headers: scheduled(state, message, now) };
      checkScheduler(state, message);
      checkSource(message);
    }
    return this.#dedupe(message, () => {
      checkLastId(state, message);
      const rollup = rollupOf(state.config, message);
      const ready = counted(state, message, increment);
      checkSize(state.config, ready);
      checkHeaderSize(ready);
      return this.commit(ready, rollup);
    });
  }

  /**
   * Stores a message that the server itself publishes to the stream: a copy from another stream, the message of a schedule,
   * or a delete marker. The message has been checked before. Throws an {@linkcode ApiError} if the stream cannot store it.
   * A mirror stores it at the place that it has in its origin.
   */
  acceptOwn(published: Published, place?: MirroredPlace): Ack {
    const state = this.#state;
    if (state.config.sealed) throw new ApiError("streamSealed");
    const store = () => {
      const rollup = rollupOfOwn(state.config, published);
      const ready = countedCopy(state, published);
      checkSize(state.config, ready);
      checkHeaderSize(ready);
      return this.commit(ready, rollup, place);
    };
    return place ? store() : this.#dedupe(published, store);
  }

  /** Stores a message that has passed the checks, at `place` or else at the next one. */
  commit(published: Published, rollup: Rollup | undefined, place?: MirroredPlace): Ack {
    const { config, log, consumers } = this.#state;
    if (this.#memory.isExceeded) throw new ApiError("insufficientResources");
    const { seq, time } = place ?? { seq: log.last + 1, time: this.#timeOfNext() };
    if (config.retention === "interest" && !consumers.wants(published.subject)) {
      log.skipTo(seq, time);
      this.#settle(published, seq, time, rollup, 0);
      return { seq };
    }
    ttlOf(published.headers);
    const headers = config.subject_delete_marker_ttl > 0
      ? withLeastTtl(config, published.headers)
      : published.headers;
    const { subject } = published;
    const body = published.body.slice();
    this.#checkRoom({ subject, headers, body });
    const before = log.lastOf(subject)?.seq ?? 0;
    const message = { seq, subject, headers, body, time };
    this.#state.append(message);
    this.#settle(published, seq, time, rollup, 1);
    this.#effects.stored(message, before);
    const val = config.allow_msg_counter ? { val: String(valueOf(body)) } : {};
    return { seq, ...val };
  }

  /** Times are unique within a stream, so that a start time identifies one message. */
  #timeOfNext(): number {
    const now = this.#clock.wallTime();
    const last = this.#state.log.lastTime ?? 0;
    return toMicros(last >= now && last < now + 1 ? last + 0.001 : now);
  }

  #dedupe(message: Published, store: () => Ack): Ack {
    const known = this.#state.duplicateOf(message.headers, this.#clock.wallTime());
    return known === undefined ? store() : { seq: known, duplicate: true };
  }

  /** With `discard: "new"`, rejects a message that exceeds the limits, unless it replaces another one. */
  #checkRoom(message: Omit<StoredMessage, "seq" | "time">): void {
    const { config, log } = this.#state;
    if (config.discard !== "new") return;
    const most = config.max_msgs_per_subject;
    const replaces = most > 0 && log.countOf(message.subject) >= most;
    const rollsUp = headerText(message.headers, HEADER.rollup) !== "";
    if (replaces && config.discard_new_per_subject && !rollsUp) {
      throw new ApiError("streamStoreFailed", "maximum messages per subject exceeded");
    }
    if (config.max_msgs > 0 && log.size >= config.max_msgs && !replaces) {
      throw new ApiError("streamStoreFailed", "maximum messages exceeded");
    }
    const size = this.#state.sizeOf(message);
    if (config.max_bytes <= 0 || log.bytes + size <= config.max_bytes) return;
    const oldest = replaces ? log.next(message.subject, 0) : undefined;
    if (!oldest || this.#state.sizeOf(oldest) < size) {
      throw new ApiError("streamStoreFailed", "maximum bytes exceeded");
    }
  }

  /** Runs the effects of a stored message. */
  #settle(
    { subject, headers }: Published,
    seq: number,
    time: number,
    rollup: Rollup | undefined,
    keep: number,
  ): void {
    const state = this.#state;
    const id = headerText(headers, HEADER.messageId);
    state.lastId = id;
    if (id !== "") state.ids.note(id, seq, time, state.config.duplicate_window);
    if (rollup) state.purge({ filter: rollup === "sub" ? subject : "", keep });
    const { allow_rollup_hdrs, deny_purge } = state.config;
    const scheduler = headerText(headers, HEADER.scheduler);
    if (
      allow_rollup_hdrs && !deny_purge && scheduler !== "" &&
      headerText(headers, HEADER.scheduleNext) === PURGE
    ) {
      state.purge({ filter: scheduler });
    }
  }
}
