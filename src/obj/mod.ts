/**
 * Buckets of objects: bytes of any length under names, in the streams of a nats-server. Bodies stream in and out, a few
 * megabytes at a time; an outage in the middle of either only takes its time. Other clients of NATS, their command line
 * and FastStream read and write the same buckets: the format is that of ADR-20.
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
 * **Putting.** `put()` resolves once all of the body is stored; only then is there an object, in place of the one before,
 * whose room is freed. It reads no further ahead than the server stores, about 4 MiB. After a cut, a restart or a change
 * of leader it looks what is stored, and goes on there. It fails once nothing could be stored for the bucket's `timeout`.
 * A put that fails, that its `signal` gives up, or that the stop of the broker ends, leaves nothing. What a process leaves
 * behind that dies in the middle is given back by {@linkcode Objects.collect | collect()}.
 *
 * **Several at once.** Each of several puts of one name replaces the one before it, whole: one object stays, and no chunk
 * of the others. With `revision`, a put replaces only what its program has seen, or is a `ConflictError`. Whoever reads an
 * object while it is replaced or deleted gets an error, an {@linkcode ObjectError}, and never a mixture.
 *
 * **Reading.** `get()` finds out whether all chunks are there; `readable` gives them as they come, and at the end compares
 * them with the SHA-256 of the object: only its regular end says that every byte is as it was put. A `range` is read
 * alone, and is **not** checked by the digest, which is one of the whole object. A reader that waits has the server wait.
 * Read `readable` to its end, cancel it, or hold the object by `await using`, so that the server can forget the reader.
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
 * **Links.** {@linkcode Objects.link | link()} gives an object another name, in this bucket or in another; `get()` follows
 * it, and `info()` shows it. A link to nothing is a `NotFoundError`, and makes no bucket.
 *
 * **Following.** {@linkcode Objects.changes | changes()} is a source for a handler, and can be read.
 *
 * **Declaring.** Nothing is asked before the broker starts. By default the bucket must exist, and be as the options say;
 * `declare: "create"` makes it if it is missing, `"update"` changes what differs, and `"leave"` takes it as it is. What
 * the options do not say is neither compared nor changed.
 *
 * What the server says of a bucket as a whole, its bytes and its configuration, is
 * `jetstream(broker).info("OBJ_files")` of the door `./jetstream`.
 *
 * **Memory.** At most about 4 MiB of a body that is put are held, and 2 MiB of one that is read. Between two collections
 * of its garbage the engine lets some tens of megabytes of parts gather that were read, as with any stream.
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
 * A bucket of objects. It does no I/O: the broker's start declares the bucket. The same broker gives the same bucket for
 * the same name and domain, and then the options may be left out.
 *
 * @throws {TypeError} for a name that a bucket cannot have, and for options that are wrong or not those of before
 */
export function objects(broker: NatsBroker, name: string, options?: ObjectsOptions): Objects {
  return storeOf(broker, name, options);
}
