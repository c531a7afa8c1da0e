/**
 * Buckets of keys and values, stored in the streams of a nats-server: typed by a schema, followed by handlers and live
 * Maps, and changed without lost updates. Other NATS clients, the NATS CLI and FastStream read and write the same
 * buckets.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const prices = kv<{ chf: number }>(broker, "prices", { declare: "create", history: 5 });
 * await using _test = await TestBroker.start(broker); // with a nats-server: await broker.start()
 *
 * const revision = await prices.put("eu.tea", { chf: 4 });
 * assertEquals((await prices.get("eu.tea"))?.value, { chf: 4 });
 * await prices.update("eu.tea", { chf: 5 }, revision); // or a ConflictError
 * await prices.change("eu.tea", (old) => ({ chf: (old?.chf ?? 0) + 1 })); // reads, and tries again
 * assertEquals(await Array.fromAsync(prices.keys("eu.*")), ["eu.tea"]);
 * assertEquals(await Array.fromAsync(prices.history("eu.tea"), ({ value }) => value?.chf), [4, 5, 6]);
 * ```
 *
 * **Reading.** `get()` returns a value or `undefined`. `entry()` distinguishes a missing key, an empty value, a
 * deletion, a purge and an expiry, as long as the server keeps the marker. {@linkcode keyOf} turns any text into part
 * of a key.
 *
 * **Declaring.** Opening a bucket does no I/O before the broker starts. By default the bucket must exist and match the
 * options; `declare: "create"` creates it if it is missing, `"update"` also changes fields that differ, and `"leave"`
 * uses it unchanged. Fields that the options leave out are neither compared nor changed.
 *
 * **Writing.** Each write resolves once it is stored. During an outage it is retried under one message id, so that it
 * is stored once; otherwise the error says whether it may be stored.
 *
 * **Following.** {@linkcode Bucket.changes | changes()} is a source for a handler, and can be iterated over; {@linkcode
 * Bucket.mirror | mirror()} is a Map. Both begin with the initial state, resume after an outage without a gap, and
 * switch to the new bucket if one is deleted and created again. A change that is replaced before it is delivered is
 * skipped, unless the bucket has a `history`.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { keyOf, kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const prices = kv<number>(broker, "prices", { declare: "create" });
 * const log: string[] = [];
 * const changes = prices.changes("{region}.{item}", { onInitial: () => log.push("that is all") });
 * const handler = broker.subscriber(changes, ({ params, change }) => {
 *   if (change.kind === "put") log.push(`${params.item} in ${params.region} is ${change.value}`);
 *   else log.push(`${params.item} in ${params.region} is gone: ${change.kind}`);
 * });
 * await using _test = await TestBroker.start(broker);
 *
 * const key = keyOf("{region}.{item}", { region: "eu", item: "green tea" });
 * await prices.put(key, 4);
 * await prices.delete(key);
 * await handler.received(2);
 * assertEquals(log, ["that is all", "green tea in eu is 4", "green tea in eu is gone: delete"]);
 * ```
 *
 * **Several keys at once.** In a bucket with `batch`, the changes of a batch are stored atomically, and a mirror never
 * shows a part of them.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const accounts = kv<number>(broker, "accounts", { declare: "create", batch: true });
 * await using _test = await TestBroker.start(broker);
 *
 * const ada = await accounts.put("ada", 10);
 * await using live = await accounts.mirror().ready;
 * await accounts.batch((batch) => batch.update("ada", 3, ada).create("bob", 7));
 * while (live.size < 2) await new Promise((resolve) => setTimeout(resolve, 1));
 * assertEquals([...live], [["ada", 3], ["bob", 7]]);
 * ```
 *
 * **Markers.** A deleted or purged value leaves a marker, which stays for the bucket's `ttl`, or forever without one:
 * if keys come and go, give `purge()` a `ttl`, in a bucket with `keyTtl`. For more about a bucket than `info()` shows,
 * use `jetstream(broker).info("KV_prices")` from `./jetstream`.
 *
 * **Values with a TTL.** In a bucket with `keyTtl`, `put()` accepts a `ttl`; the expiry is a change like others.
 *
 * @module
 */
export { kv } from "./kv.ts";
export { keyOf, paramsOf } from "./keys.ts";
export { EntryError } from "./entry.ts";
export {
  ConflictError,
  DifferenceError,
  JetStreamError,
  LimitError,
  NoStreamError,
  NotFoundError,
  NotStoredError,
  UnavailableError,
  UnknownOutcomeError,
} from "../jetstream/api/errors.ts";

export type { Difference, NotFoundKind } from "../jetstream/api/errors.ts";
export type { Declare } from "../jetstream/stream/declare_stream.ts";
export type { Batch, BatchPurgeOptions, BatchPutOptions, BatchRemoveOptions } from "./batch.ts";
export type { Bucket, BucketInfo, EntryOptions } from "./bucket.ts";
export type { BucketOptions } from "./bucket_options.ts";
export type { ChangesEnd } from "../jetstream/changes/change_view.ts";
export type {
  CallLimits,
  ListOptions,
  PurgeOptions,
  PutOptions,
  RemoveOptions,
  WriteOptions,
} from "./call_options.ts";
export type {
  Change,
  Changed,
  ChangeKind,
  ChangeMessage,
  ChangeReader,
  Changes,
  ChangesOptions,
} from "./changes.ts";
export type { Entry, RemovalEntry, ValueEntry } from "./entry.ts";
export type { Mirror, MirrorOptions } from "./mirror.ts";
