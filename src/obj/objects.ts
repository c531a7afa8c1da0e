import type { ObjectBody } from "./body.ts";
import type { ObjectChanges, ObjectChangesOptions } from "./changes.ts";
import type { CollectOptions } from "./collect.ts";
import type { GetOptions, StoredObject } from "./get.ts";
import type { LinkTarget } from "./links.ts";
import type { ObjectInfo } from "./object_info.ts";
import type { PutOptions } from "./put_options.ts";

/**
 * A bucket of objects: named byte sequences of any length, opened by {@linkcode objects}. A deleted object counts as
 * missing.
 */
export interface Objects {
  /** The name of the bucket. */
  readonly name: string;

  /**
   * Puts an object, replacing the current one of that name; resolves once it is completely stored. Holds about 4 MiB of
   * the body at a time. Resumes after an outage; if it fails or is aborted, it leaves nothing behind. Of several
   * concurrent puts of one name, each is stored as a whole, and the last one remains.
   *
   * @throws {TypeError} for an unsupported body, and for invalid options
   * @throws {NotStoredError} after the bucket's `timeout` without progress
   * @throws {LimitError} if the bucket or the server's disk is full
   * @throws {ConflictError} if `revision` is not the current one
   * @throws {UnknownOutcomeError} if no answer came to its last message, so that the object may be stored
   * @throws {NotFoundError} if the bucket does not exist
   * @throws {ConnectionError} if the broker stops
   * @throws the reason of `signal`, and errors of the body
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { objects } from "@signalbox/nats/obj";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * const files = objects(broker, "files", { declare: "create" });
   * await using _test = await TestBroker.start(broker);
   *
   * const { size, chunks } = await files.put("zeros", new Uint8Array(300_000));
   * assertEquals([size, chunks], [300_000, 3]);
   * ```
   */
  put(name: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>;

  /**
   * Opens an object, following links; `undefined` if the name does not exist.
   *
   * @throws {ObjectError} if chunks are missing, or the info cannot be read; `readable` can throw it later
   * @throws {NotFoundError} if a link's target or the bucket does not exist
   * @throws the reason of `signal`, if it aborts
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { objects } from "@signalbox/nats/obj";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * const files = objects(broker, "files", { declare: "create" });
   * await using _test = await TestBroker.start(broker);
   * await files.put("greeting", new TextEncoder().encode("Hello, world"));
   *
   * const whole = await files.get("greeting");
   * assertEquals(await new Response(whole?.readable).text(), "Hello, world");
   * const part = await files.get("greeting", { range: [-5] });
   * assertEquals(await new Response(part?.readable).text(), "world");
   * assertEquals(await files.get("nothing"), undefined);
   * ```
   */
  get(name: string, options?: GetOptions): Promise<StoredObject | undefined>;

  /**
   * An object's or link's metadata; `undefined` if the name does not exist.
   *
   * @throws {ObjectError} if the info cannot be read
   * @throws {NotFoundError} if the bucket does not exist
   */
  info(name: string): Promise<ObjectInfo | undefined>;

  /**
   * Iterates over all objects and links, in the order in which they were put; ends with the last one, or throws. An
   * info that cannot be read emits an `error` event.
   *
   * @throws {NotFoundError} if the bucket does not exist
   */
  list(): AsyncIterable<ObjectInfo>;

  /**
   * Deletes an object or a link; returns whether it existed. The target of a link stays.
   *
   * @throws {NotFoundError} if the bucket does not exist
   */
  delete(name: string): Promise<boolean>;

  /**
   * Makes a link: another name for an object of this or another bucket, or for a whole bucket. Can replace a link.
   *
   * @throws {NotFoundError} if the target does not exist
   * @throws {ObjectError} if the target is a link
   * @throws {ConflictError} if an object has the name
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { objects } from "@signalbox/nats/obj";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * const files = objects(broker, "files", { declare: "create" });
   * await using _test = await TestBroker.start(broker);
   * await files.put("report-7", new Uint8Array(10));
   *
   * await files.link("latest", { name: "report-7" });
   * assertEquals((await files.get("latest"))?.name, "report-7");
   * assertEquals((await files.info("latest"))?.link, { bucket: "files", name: "report-7" });
   * ```
   */
  link(name: string, target: LinkTarget): Promise<ObjectInfo>;

  /**
   * The changes of the bucket: a source for a handler, or to iterate over. See {@linkcode ObjectChanges}.
   *
   * @throws {TypeError} for invalid options
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { objects } from "@signalbox/nats/obj";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * const files = objects(broker, "files", { declare: "create" });
   * const seen: unknown[] = [];
   * const following = broker.subscriber(files.changes(), ({ change }) => {
   *   seen.push([change.kind, change.name, change.size]);
   * });
   * await using _test = await TestBroker.start(broker);
   *
   * await files.put("a", new Uint8Array(10));
   * await files.delete("a");
   * await following.received(2);
   * assertEquals(seen, [["put", "a", 10], ["delete", "a", undefined]]);
   * ```
   */
  changes(options?: ObjectChangesOptions): ObjectChanges;

  /**
   * Deletes the chunks of abandoned uploads, whose process crashed or lost its connection; returns how many bytes they
   * had.
   *
   * @throws {ObjectError} if an info cannot be read, as its chunks would count as abandoned
   */
  collect(options?: CollectOptions): Promise<number>;
}
