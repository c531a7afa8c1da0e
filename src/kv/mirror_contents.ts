import type { MessageHeaders } from "../door/mod.ts";
import type { Change } from "./changes.ts";
import type { Entry, ValueEntry } from "./entry.ts";
import type { MirrorExpiry } from "./mirror_expiry.ts";

/** The contents of a mirror. */
export class MirrorContents {
  readonly values = new Map<string, unknown>();
  readonly entries = new Map<string, ValueEntry>();
  /** The revision of the last change. */
  version = 0;
  /** Schedules local expiry, in a bucket without expiry markers. */
  expiry: MirrorExpiry | undefined;

  show(entry: Entry, headers: MessageHeaders | undefined): void {
    this.version = entry.revision;
    if (entry.kind !== "put") return this.remove(entry.key);
    this.values.set(entry.key, entry.value);
    this.entries.set(entry.key, entry);
    this.expiry?.put(entry.key, entry.time, headers);
  }

  remove(key: string): void {
    this.values.delete(key);
    this.entries.delete(key);
    this.expiry?.remove(key);
  }

  /** Removes expired values; returns the changes. */
  expire(keys: readonly string[]): Change[] {
    return keys.flatMap((key) => {
      const entry = this.entries.get(key);
      this.remove(key);
      if (!entry) return [];
      const { revision, time } = entry;
      return [{ kind: "expired", key, revision, time, isInitial: false }];
    });
  }

  clear(): void {
    this.values.clear();
    this.entries.clear();
    this.expiry?.clear();
    this.version = 0;
  }

  /** All values, as changes of the initial state. */
  get all(): Change[] {
    return [...this.entries.values()].map((entry) => ({ ...entry, isInitial: true }));
  }
}
