/**
 * Buckets of objects: named byte sequences of any length, stored in the streams of a nats-server. Bodies are streamed
 * in and out, a few megabytes at a time; an outage only delays them. Other NATS clients, the NATS CLI and FastStream
 * read and write the same buckets: the format is that of ADR-20.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { objects } from "@signalbox/nats/obj";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const files = objects(broker, "files", { declare: "create", ttl: "30d" });
 * await using _test = await TestBroker.start(broker); // with a nats-server: await broker.start()
 *
 * const page = new Blob(["<h1>Hello</h1>"]); // or bytes, the body of a request, an open file
 * await files.put("a.html", page, { headers: { "content-type": "text/html" } });
 *
 * const file = (await files.get("a.html"))!; // undefined if there is none
 * assertEquals([file.size, file.headers.get("content-type")], [14, "text/html"]);
 * assertEquals(await new Response(file.readable).text(), "<h1>Hello</h1>");
 *
 * assertEquals(await Array.fromAsync(files.list(), ({ name }) => name), ["a.html"]);
 * assertEquals([await files.delete("a.html"), await files.info("a.html")], [true, undefined]);
 * ```
 *
 * **Putting.** `put()` resolves once the whole body is stored; only then does the object exist, replacing the previous
 * one and freeing its space. At most about 4 MiB are in flight. After a lost connection, a restart or a change of
 * leader, it checks what is stored, and resumes there. It fails after the bucket's `timeout` without progress. A put
 * that fails, is aborted by its `signal`, or is ended by the stop of the broker leaves nothing behind. {@linkcode
 * Objects.collect | collect()} removes what a crashed process leaves behind.
 *
 * **Concurrent puts.** Each of several puts of one name replaces the previous one as a whole: one object remains,
 * without chunks of the others. With `revision`, a put replaces only the revision that its program has seen, or rejects
 * with a `ConflictError`. Reading an object while it is replaced or deleted fails with an {@linkcode ObjectError}, and
 * never returns a mixture.
 *
 * **Reading.** `get()` verifies that all chunks exist; `readable` returns them as they arrive, and compares their
 * SHA-256 with the object's at the end: only if it ends without an error is every byte as it was put. A `range` is read
 * alone, and is **not** verified, as the digest is that of the whole object. Slow reading applies backpressure to the
 * server. Read `readable` to its end, cancel it, or hold the object with `await using`, so that the server deletes the
 * reader's consumer.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { objects } from "@signalbox/nats/obj";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const files = objects(broker, "files", { declare: "create" });
 * await using _test = await TestBroker.start(broker);
 * await files.put("numbers", Uint8Array.from({ length: 256 }, (_, at) => at));
 *
 * await using part = await files.get("numbers", { range: [10, 13] }); // [-3]: the last three
 * assertEquals([...await new Response(part!.readable).bytes()], [10, 11, 12]);
 * ```
 *
 * **Links.** {@linkcode Objects.link | link()} gives an object another name, in this bucket or another one; `get()`
 * follows links, and `info()` shows them. A link to a missing object rejects with a `NotFoundError`, and creates no
 * bucket.
 *
 * **Following.** {@linkcode Objects.changes | changes()} is a source for a handler, and can be iterated over.
 *
 * **Declaring.** Opening a bucket does no I/O before the broker starts. By default the bucket must exist and match the
 * options; `declare: "create"` creates it if it is missing, `"update"` also changes fields that differ, and `"leave"`
 * uses it unchanged. Fields that the options leave out are neither compared nor changed.
 *
 * For the size and configuration of a whole bucket, use `jetstream(broker).info("OBJ_files")` from `./jetstream`.
 *
 * **Memory.** About 4 MiB of a body are held during a put, and 2 MiB during a read. As with any stream, parts that were
 * read take some tens of megabytes until the garbage collector runs.
 *
 * | bound                              | default                              | option                         |
 * | ---------------------------------- | ------------------------------------ | ------------------------------ |
 * | a chunk                            | 128 KiB, or what the server takes    | `chunkSize`                    |
 * | the name of an object              | 1 200 bytes of UTF-8                 |                                |
 * | links from one to the next         | 8                                    |                                |
 * | a put without anything stored      | 1 minute, outages included           | `timeout` of the bucket        |
 * | age of chunks that are given back  | 1 hour since the last one was stored | `olderThan` of `collect()`     |
 *
 * @module
 */
import type { NatsBroker } from "../door/mod.ts";
import type { ObjectsOptions } from "./bucket_options.ts";
import { storeOf } from "./object_store.ts";
import type { Objects } from "./objects.ts";

export type { ChangesEnd } from "../jetstream/changes/change_view.ts";
export type { Duration } from "../duration.ts";
export {
  ConflictError,
  type Difference,
  DifferenceError,
  JetStreamError,
  LimitError,
  NotFoundError,
  type NotFoundKind,
  NotStoredError,
  UnavailableError,
  UnknownOutcomeError,
} from "../jetstream/api/errors.ts";
export type { ObjectBody } from "./body.ts";
export type { ObjectsOptions } from "./bucket_options.ts";
export type {
  AnyChange,
  ObjectChange,
  ObjectChanged,
  ObjectChangeKind,
  ObjectChangeMessage,
  ObjectChangeReader,
  ObjectChanges,
  ObjectChangesOptions,
  ObjectDeletion,
  ObjectPut,
} from "./changes.ts";
export type { CollectOptions } from "./collect.ts";
export { ObjectError, type ObjectFault } from "./errors.ts";
export type { GetOptions, StoredObject } from "./get.ts";
export type { LinkTarget } from "./links.ts";
export type { ObjectInfo, ObjectLink } from "./object_info.ts";
export type { Objects } from "./objects.ts";
export type { PutOptions } from "./put_options.ts";
export type { ObjectRange, Part } from "./range.ts";

/**
 * Opens a bucket of objects. Does no I/O: the bucket is declared when the broker starts. The same broker, name and
 * domain give the same bucket; the options may then be left out.
 *
 * @throws {TypeError} for an invalid name, and for options that are invalid or differ from those given first
 */
export function objects(broker: NatsBroker, name: string, options?: ObjectsOptions): Objects {
  return storeOf(broker, name, options);
}
