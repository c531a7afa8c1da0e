import { callable, checkOptions, signal } from "../options.ts";
import type { Change } from "./changes.ts";
import type { ValueEntry } from "./entry.ts";

/**
 * The keys and values of a bucket as a Map that follows it. It changes between two turns of the event loop, never shows
 * a half of a {@linkcode Bucket.batch | batch}, and does without a key whose value cannot be read, which is an `error`
 * event. In an outage it stays as it is, and catches up after it.
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
   * Resolves with the mirror once it has all that was in the bucket.
   *
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker is not connected, or stops before
   */
  readonly ready: Promise<this>;
  /** The revision of the last change that it shows; 0 before the first. */
  readonly version: number;
  /** Aborts when it follows no longer, with the reason: it was closed, the broker has stopped, or an error. */
  readonly signal: AbortSignal;

  /** A value with its revision and its time; `undefined` for none. */
  entry(key: string): ValueEntry<Value> | undefined;

  /** Ends it; it stays as it is. */
  close(): Promise<void>;
}

/** How a mirror follows. */
export interface MirrorOptions<Value = unknown> {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Called once it is ready, and after each change that it shows, with all of a batch at once. */
  readonly onChange?: (changes: readonly Change<Value>[]) => void;
}

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkMirrorOptions(action: string, options: unknown): void {
  checkOptions(action, options, { signal, onChange: callable });
}
