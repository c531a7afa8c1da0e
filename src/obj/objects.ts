import type { ObjectBody } from "./body.ts";
import type { ObjectChanges, ObjectChangesOptions } from "./changes.ts";
import type { CollectOptions } from "./collect.ts";
import type { GetOptions, StoredObject } from "./get.ts";
import type { LinkTarget } from "./links.ts";
import type { ObjectInfo } from "./object_info.ts";
import type { PutOptions } from "./put_options.ts";

/**
 * A bucket of objects: bytes of any length, under names. `objects(broker, name)` gives it. What is said of a name that
 * has nothing holds for what was deleted, too.
 */
export interface Objects {
  /** The name of the bucket. */
  readonly name: string;

  /**
   * Puts an object in place of what has the name; resolves once all of it is stored. It holds about 4 MiB of the body at
   * a time. Over an outage it goes on where it was; if it fails, or is given up, it leaves nothing. Of several puts of
   * one name at once, each is stored whole, and the last one stays.
   *
   * @throws {TypeError} for what is no body, and for wrong options
   * @throws {NotStoredError} if nothing could be stored for the `timeout` of the bucket
   * @throws {LimitError} if the bucket or the disk of the server is full
   * @throws {ConflictError} if `revision` is not the one that is there
   * @throws {UnknownOutcomeError} if no answer came to its last message, and nobody can say
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker stops
   * @throws the reason of `signal`, and what the body throws
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
   * Opens an object, or the one that a link leads to; `undefined` if nothing has the name.
   *
   * @throws {ObjectError} if chunks of it are missing, or nobody can read what is said of it; and later by `readable`
   * @throws {NotFoundError} for a link that leads to nothing, and if there is no such bucket
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
   * What is known of an object or a link; `undefined` if nothing has the name.
   *
   * @throws {ObjectError} if nobody can read it
   * @throws {NotFoundError} if there is no such bucket
   */
  info(name: string): Promise<ObjectInfo | undefined>;

  /**
   * All objects and links, in the order in which they were put. The loop ends, or throws. One whose info nobody can read
   * is an `error` event.
   *
   * @throws {NotFoundError} if there is no such bucket
   */
  list(): AsyncIterable<ObjectInfo>;

  /**
   * Deletes an object or a link; gives whether there was one. What a link leads to stays.
   *
   * @throws {NotFoundError} if there is no such bucket
   */
  delete(name: string): Promise<boolean>;

  /**
   * Makes a link: another name for an object of this or another bucket, or for a whole bucket. It may replace a link.
   *
   * @throws {NotFoundError} if it would lead to nothing
   * @throws {ObjectError} if it would lead to a link
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
   * What changes: a source for a handler, and to be read. {@linkcode ObjectChanges} has more.
   *
   * @throws {TypeError} for wrong options
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
   * Deletes what uploads have left behind whose process has died, or that were cut off from the server; gives how many
   * bytes that was.
   *
   * @throws {ObjectError} if an info cannot be read, as its chunks would be taken for such
   */
  collect(options?: CollectOptions): Promise<number>;
}
