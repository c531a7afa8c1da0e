import { callable, checkOptions, signal } from "../options.ts";
import type { Change } from "./changes.ts";
import type { ValueEntry } from "./entry.ts";

/**
 * The keys and values of a bucket as a live Map. It changes only between two turns of the event loop, and never shows a
 * part of a {@linkcode Bucket.batch | batch}. A value that cannot be read emits an `error` event, and its key is left
 * out. During an outage the mirror stays as it is, and catches up afterwards.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const prices = kv<number>(broker, "prices", { declare: "create" });
 * await using _test = await TestBroker.start(broker);
 * await prices.put("eu.tea", 4);
 *
 * await using live = await prices.mirror("eu.>").ready;
 * assertEquals(live.get("eu.tea"), 4);
 * const changed = Promise.withResolvers<void>();
 * await using _watching = prices.mirror("eu.rice", { onChange: () => changed.resolve() });
 * await prices.put("eu.rice", 2);
 * await changed.promise;
 * ```
 */
export interface Mirror<Value = unknown> extends ReadonlyMap<string, Value>, AsyncDisposable {
  /**
   * Resolves with the mirror once it has the initial state of the bucket.
   *
   * @throws {NotFoundError} if the bucket does not exist
   * @throws {ConnectionError} if the broker is not connected, or stops first
   */
  readonly ready: Promise<this>;
  /** The revision of the last change that it shows; 0 before the first. */
  readonly version: number;
  /**
   * Aborts when the mirror stops following; its reason says why: it was closed, the broker stopped, or an error
   * occurred.
   */
  readonly signal: AbortSignal;

  /** A value with its revision and time; `undefined` if the key has none. */
  entry(key: string): ValueEntry<Value> | undefined;

  /** Stops following; the mirror keeps its contents. */
  close(): Promise<void>;
}

/** Options of a mirror. */
export interface MirrorOptions<Value = unknown> {
  /** Closes the mirror. */
  readonly signal?: AbortSignal;
  /** Called once the mirror is ready, and after each change that it shows, with all changes of a batch at once. */
  readonly onChange?: (changes: readonly Change<Value>[]) => void;
}

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first option that is unknown or invalid
 */
export function checkMirrorOptions(action: string, options: unknown): void {
  checkOptions(action, options, { signal, onChange: callable });
}
