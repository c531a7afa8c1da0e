import type { NatsBroker } from "../door/mod.ts";
import type { Bucket } from "./bucket.ts";
import { type BucketOptions, checkBucketOptions } from "./bucket_options.ts";
import { BucketDefinition } from "./definition.ts";
import { checkBucket } from "./keys.ts";
import { KvDoor } from "./kv_door.ts";
import { UsedBucket } from "./used_bucket.ts";

/**
 * Opens a bucket of keys and values for a broker. Does no I/O: the bucket is declared when the broker starts, or before
 * its first use.
 *
 * @throws {TypeError} for an invalid name or option
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const prices = kv<{ chf: number }>(broker, "prices", { declare: "create" });
 * await using _test = await TestBroker.start(broker); // in a program: await broker.start()
 *
 * await prices.put("eu.tea", { chf: 4 });
 * await prices.change("eu.tea", (old) => ({ chf: (old?.chf ?? 0) + 1 }));
 * assertEquals((await prices.get("eu.tea"))?.value, { chf: 5 });
 * assertEquals(await prices.get("eu.coffee"), undefined);
 * ```
 */
export function kv<Output = unknown, Input = Output>(
  broker: NatsBroker<never> | NatsBroker,
  bucket: string,
  options: BucketOptions<Output, Input> = {},
): Bucket<Output, Input> {
  const action = "use a bucket";
  checkBucket(action, bucket);
  checkBucketOptions(action, options);
  const door = KvDoor.of(broker as NatsBroker);
  // copied, so that the program can reuse the object
  const definition = new BucketDefinition(bucket, { ...options } as BucketOptions);
  door.add(definition);
  return new UsedBucket(definition, door.access) as unknown as Bucket<Output, Input>;
}
