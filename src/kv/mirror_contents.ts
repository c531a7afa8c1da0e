import type { MessageHeaders } from "../door/mod.ts";
import type { Change } from "./changes.ts";
import type { Entry, ValueEntry } from "./entry.ts";
import type { MirrorExpiry } from "./mirror_expiry.ts";

/** What a mirror shows. */
export class MirrorContents {
  readonly values = new Map<string, unknown>();
  readonly entries = new Map<string, ValueEntry>();
  /** The revision of the last change. */
  version = 0;
  /** Tells which values expire, where the bucket has no markers of that. */
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

  /** Removes what has expired; returns what has changed by it. */
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

  /** All values, as if they were there at the beginning. */
  get all(): Change[] {
    return [...this.entries.values()].map((entry) => ({ ...entry, isInitial: true }));
  }
}
