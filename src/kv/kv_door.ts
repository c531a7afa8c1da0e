import { type BrokerAccess, type NatsBroker, register } from "../door/mod.ts";
import { whileItStarts } from "../jetstream/api/start_patience.ts";
import { openReads } from "../jetstream/read/open_reads.ts";
import { bucketNeeds } from "./bucket_needs.ts";
import type { BucketDefinition } from "./definition.ts";

const doors = new WeakMap<NatsBroker, KvDoor>();

/** The buckets of a broker. */
export class KvDoor {
  readonly access: BrokerAccess;
  readonly #buckets: BucketDefinition[] = [];

  private constructor(broker: NatsBroker) {
    const buckets = this.#buckets;
    this.access = register(broker, {
      name: "kv",
      get needs() {
        const publish = buckets.flatMap(({ name, options }) =>
          bucketNeeds(name, options).publish ?? []
        );
        return { publish };
      },
      start: (access) => this.#start(access),
      // at this point the connection is still open, so that the server can delete the reads' consumers
      stop: () => openReads(this.access).stop(),
      leave: () => openReads(this.access).end(),
      describe: () => ({ buckets: buckets.map(described) }),
    });
  }

  /**
   * The KV door of a broker.
   *
   * @throws {TypeError} if `broker` is not a broker
   */
  static of(broker: NatsBroker): KvDoor {
    let door = doors.get(broker);
    if (!door) doors.set(broker, door = new KvDoor(broker));
    return door;
  }

  /** Adds a bucket, to be declared when the broker starts. */
  add(bucket: BucketDefinition): void {
    this.#buckets.push(bucket);
  }

  async #start(access: BrokerAccess): Promise<void> {
    for (const bucket of this.#buckets) {
      await whileItStarts(access, async () => await bucket.on(access).ready());
    }
  }
}

function described({ name, options }: BucketDefinition) {
  const { schema: _, metadata: __, ...plain } = options;
  return { name, ...plain };
}
