/**
 * Buckets of keys and values, in the streams of a nats-server: typed by a schema, followed by handlers and live Maps,
 * changed without losing what others change. Other clients of NATS, their command line and FastStream read and write the
 * same buckets.
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
 * **What is there.** `get()` gives a value or `undefined`. `entry()` tells no key, an empty value, a deletion, a purge and
 * an expiry apart, as long as the server keeps a marker of it. Any text becomes part of a key by {@linkcode keyOf}.
 *
 * **Declaring.** Nothing is asked before the broker starts. By default the bucket must exist, and be as the options say;
 * `declare: "create"` makes it if it is missing, `"update"` changes what differs, and `"leave"` takes it as it is. What
 * the options do not say is neither compared nor changed.
 *
 * **Writing.** What writes resolves once it is stored. In an outage it is sent again under one id, so that it is stored
 * once, or an error says whether it may be.
 *
 * **Following.** {@linkcode Bucket.changes | changes()} is a source for a handler, and can be read; {@linkcode
 * Bucket.mirror | mirror()} is a Map. Both begin with what is there, go on exactly behind an outage, and go on with the
 * new bucket where one is deleted and made again. A change that is replaced before it is delivered is left out, unless
 * the bucket has a `history`.
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
 * **Several keys at once.** In a bucket with `batch`, all changes of a batch are made, or none of them, and a mirror never
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
 * **Markers.** What is deleted or purged leaves a marker, which stays for the bucket's `ttl`, and without one for ever:
 * where keys come and go, give `purge()` a `ttl`, in a bucket with `keyTtl`. What there is of a bucket beyond `info()` is
 * `jetstream(broker).info("KV_prices")` of the door `./jetstream`.
 *
 * **Values with a time.** In a bucket with `keyTtl`, `put()` takes a `ttl`, and the expiry is a change like others.
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
