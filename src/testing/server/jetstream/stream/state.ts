import { headerText } from "../header_block.ts";
import type { StoredMessage } from "../message.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";
import { Interest } from "./interest.ts";
import { MessageIds } from "./message_ids.ts";
import { MessageLog } from "./message_log.ts";
import { sizeIn } from "./size.ts";

/** Which messages a purge takes. */
export interface PurgeRequest {
  /** The subjects; empty is all. */
  readonly filter?: string;
  /** Those below this sequence. */
  readonly seq?: number;
  /** All but so many of the last. */
  readonly keep?: number;
}

/** What a stream is and has. Whatever leaves it leaves it here, so that consumers hear of it. */
export class StreamState {
  config: StreamConfig;
  readonly created: number;
  readonly log: MessageLog;
  readonly consumers: Interest = new Interest();
  readonly ids: MessageIds = new MessageIds();
  /** What a message counts for, in bytes. */
  readonly sizeOf: (message: Omit<StoredMessage, "seq" | "time">) => number;
  /** The id of the message that came last, which may have none. */
  lastId = "";
  readonly #gone: (message: StoredMessage | undefined) => void;

  /** `gone` hears of every message that leaves, and of all at once as `undefined`. */
  constructor(
    config: StreamConfig,
    created: number,
    gone: (message: StoredMessage | undefined) => void,
  ) {
    this.config = config;
    this.created = created;
    this.#gone = gone;
    this.sizeOf = sizeIn(config.storage);
    this.log = new MessageLog(config.first_seq, this.sizeOf);
  }

  /** The sequence of the message that has the id of this one; `undefined` where it has none, or another one. */
  duplicateOf(headers: string, now: number): number | undefined {
    const id = headerText(headers, HEADER.messageId);
    return id === "" ? undefined : this.ids.seqOf(id, this.config.duplicate_window, now);
  }

  /** Puts a message at the end, and lets go what is too much then. */
  append(message: StoredMessage): void {
    this.log.append(message);
    const most = this.config.max_msgs_per_subject;
    if (most > 0) this.#keepPerSubject(message.subject, most);
    this.keepWithinLimits();
  }

  /** Lets go the oldest where there are too many. */
  keepWithinLimits(): void {
    const { discard, max_msgs, max_bytes } = this.config;
    if (discard !== "old") return;
    while (max_msgs > 0 && this.log.size > max_msgs) this.remove(this.log.first);
    while (max_bytes > 0 && this.log.bytes > max_bytes) this.remove(this.log.first);
  }

  /** Lets go the oldest of each subject where there are too many. */
  keepPerSubject(): void {
    const most = this.config.max_msgs_per_subject;
    if (most <= 0) return;
    for (const [subject] of this.log.totals(">")) this.#keepPerSubject(subject, most);
  }

  /** Removes one message; `false` if it is not there. */
  remove(seq: number): boolean {
    const message = this.log.remove(seq);
    if (!message) return false;
    this.#gone(message);
    this.consumers.removed(message);
    return true;
  }

  /** Removes many messages; gives how many. */
  purge({ filter = "", seq = 0, keep = 0 }: PurgeRequest): number {
    const { log } = this;
    const before = log.size;
    if (seq === 1) return 0;
    const takesAll = filter === "" || filter === ">";
    if (takesAll && seq === 0 && keep === 0) this.#clear(log.last + 1);
    else if (takesAll && seq > log.last) this.#clear(seq);
    else this.#removeEach(filter, seq, keep);
    const purged = before - log.size;
    this.consumers.purged(filter);
    return purged;
  }

  #removeEach(filter: string, seq: number, keep: number): void {
    const found = this.log.sequencesOf(filter);
    for (const one of found.slice(0, found.length - keep)) {
      if (seq > 0 && one >= seq) return;
      const message = this.log.remove(one);
      if (message) this.#gone(message);
    }
  }

  #clear(next: number): void {
    this.log.clear(next);
    this.#gone(undefined);
  }

  #keepPerSubject(subject: string, most: number): void {
    while (this.log.countOf(subject) > most) this.remove(this.log.next(subject, 0)!.seq);
  }
}
