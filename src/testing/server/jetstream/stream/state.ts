import { headerText } from "../header_block.ts";
import type { StoredMessage } from "../message.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";
import { Interest } from "./interest.ts";
import { MessageIds } from "./message_ids.ts";
import { MessageLog } from "./message_log.ts";
import { sizeIn } from "./size.ts";

/** Which messages a purge removes. */
export interface PurgeRequest {
  /** A subject filter; empty means all. */
  readonly filter?: string;
  /** Only messages below this sequence. */
  readonly seq?: number;
  /** The number of last messages to keep. */
  readonly keep?: number;
}

/** A stream's configuration and messages. All removals pass through here, so that consumers are notified. */
export class StreamState {
  config: StreamConfig;
  readonly created: number;
  readonly log: MessageLog;
  readonly consumers: Interest = new Interest();
  readonly ids: MessageIds = new MessageIds();
  /** The size of a message by the stream's rules, in bytes. */
  readonly sizeOf: (message: Omit<StoredMessage, "seq" | "time">) => number;
  /** The message id of the last message; empty if it has none. */
  lastId = "";
  readonly #gone: (message: StoredMessage | undefined) => void;

  /** Calls `gone` for each removed message, or once with `undefined` for all. */
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

  /** The sequence of the stored message with the same message id; `undefined` if this is no duplicate. */
  duplicateOf(headers: string, now: number): number | undefined {
    const id = headerText(headers, HEADER.messageId);
    return id === "" ? undefined : this.ids.seqOf(id, this.config.duplicate_window, now);
  }

  /** Appends a message, then enforces the limits. */
  append(message: StoredMessage): void {
    this.log.append(message);
    const most = this.config.max_msgs_per_subject;
    if (most > 0) this.#keepPerSubject(message.subject, most);
    this.keepWithinLimits();
  }

  /** Removes the oldest messages over the stream's limits. */
  keepWithinLimits(): void {
    const { discard, max_msgs, max_bytes } = this.config;
    if (discard !== "old") return;
    while (max_msgs > 0 && this.log.size > max_msgs) this.remove(this.log.first);
    while (max_bytes > 0 && this.log.bytes > max_bytes) this.remove(this.log.first);
  }

  /** Removes the oldest messages over the limit per subject. */
  keepPerSubject(): void {
    const most = this.config.max_msgs_per_subject;
    if (most <= 0) return;
    for (const [subject] of this.log.totals(">")) this.#keepPerSubject(subject, most);
  }

  /** Removes a message; `false` if it does not exist. */
  remove(seq: number): boolean {
    const message = this.log.remove(seq);
    if (!message) return false;
    this.#gone(message);
    this.consumers.removed(message);
    return true;
  }

  /** Removes messages; returns how many. */
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
