import { NatsBroker } from "@signalbox/nats";
import { objects, type StoredObject } from "@signalbox/nats/obj";
import { createHash } from "node:crypto";
import { heldMemory } from "../support/memory.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";

/** How large the object is, in bytes, and how many faults there are each way. */
export interface ObjectsOptions {
  readonly size: number;
  readonly cuts: number;
  readonly kills: number;
}

/** What one way took. */
export interface Way {
  readonly seconds: number;
  /** How much more was held than before, garbage aside, and by how much the process grew, in bytes. */
  readonly held: number;
  readonly grown: number;
}

/** What became of the object. */
export interface ObjectsResult {
  readonly isWhole: boolean;
  /** How many bytes belonged to no object in the end. */
  readonly left: number;
  readonly put: Way;
  readonly got: Way;
  readonly cuts: number;
  readonly kills: number;
}

const PART = 65_536;
/** How often to measure, in parts: each time all garbage is collected. */
const LOOK = 64;

/** Puts an object of so many bytes, and reads it, through faults that are spread over both ways. */
export async function uploadThroughFaults(options: ObjectsOptions): Promise<ObjectsResult> {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using proxy = await Proxy.start(server.port);
  const reconnect = { minDelay: 10, maxDelay: 100 };
  await using broker = new NatsBroker(proxy.url, { logger: false, reconnect });
  const files = objects(broker, "soak", { declare: "create" });
  await broker.start();
  const faults = { cuts: 0, kills: 0 };
  const written = createHash("sha256");
  const putting = new Measured();
  const faulty = new Faults(server, proxy, options, faults);
  const { size } = await files.put(
    "large",
    body(options.size, async (part, at) => {
      written.update(part);
      putting.look(at);
      await faulty.at(at);
    }),
  );
  const put = putting.end();
  proxy.cutAfter(Infinity);
  const read = createHash("sha256");
  const reading = new Measured();
  const again = new Faults(server, proxy, options, faults);
  let length = 0;
  for await (const part of (await files.get("large") as StoredObject).readable) {
    read.update(part);
    reading.look(length);
    await again.at(length);
    length += part.length;
  }
  const got = reading.end();
  proxy.cutAfter(Infinity);
  const isSame = written.digest("hex") === read.digest("hex");
  const isWhole = isSame && size === options.size && length === size;
  return { isWhole, left: await files.collect({ olderThan: 0 }), put, got, ...faults };
}

/** A body that is the same nowhere; `each` is awaited with each part, and with how many bytes came before. */
function body(
  size: number,
  each: (part: Uint8Array, at: number) => Promise<void>,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      if (at >= size) return controller.close();
      const part = crypto.getRandomValues(new Uint8Array(Math.min(PART, size - at)));
      await each(part, at);
      at += part.length;
      controller.enqueue(part);
    },
  }, { highWaterMark: 0 });
}

/** Cuts and kills, each after its share of the bytes. */
class Faults {
  readonly #server: NatsServer;
  readonly #proxy: Proxy;
  readonly #options: ObjectsOptions;
  readonly #count: { cuts: number; kills: number };
  #cuts = 0;
  #kills = 0;

  constructor(
    server: NatsServer,
    proxy: Proxy,
    options: ObjectsOptions,
    count: { cuts: number; kills: number },
  ) {
    this.#server = server;
    this.#proxy = proxy;
    this.#options = options;
    this.#count = count;
  }

  async at(bytes: number): Promise<void> {
    const { size, cuts, kills } = this.#options;
    if (bytes >= (this.#cuts + 1) * size / (cuts + 1)) {
      // in the middle of a message, another one each time
      this.#proxy.cutAfter(100_003 + 7_919 * this.#cuts++);
      this.#count.cuts++;
    }
    if (bytes < (this.#kills + 1) * size / (kills + 1)) return;
    this.#kills++;
    this.#count.kills++;
    await this.#server.kill();
    await this.#server.restart();
  }
}

/** What one way holds, looked at now and then. */
class Measured {
  readonly #began = performance.now();
  readonly #before = heldMemory();
  readonly #size = Deno.memoryUsage().rss;
  #held = 0;
  #grown = 0;
  #looks = 0;

  look(at: number): void {
    this.#grown = Math.max(this.#grown, Deno.memoryUsage().rss - this.#size);
    if (Math.floor(at / PART / LOOK) < this.#looks) return;
    this.#looks++;
    this.#held = Math.max(this.#held, heldMemory() - this.#before);
  }

  end(): Way {
    const seconds = (performance.now() - this.#began) / 1_000;
    return { seconds, held: this.#held, grown: this.#grown };
  }
}
