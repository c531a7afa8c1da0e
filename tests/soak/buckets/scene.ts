import { NatsBroker } from "@signalbox/nats";
import { type Bucket, type BucketOptions, kv } from "@signalbox/nats/kv";
import { NatsServer } from "../../support/nats_server/nats_server.ts";

/** What was found, in a line, and what is wrong with it. */
export interface Found {
  readonly line: string;
  readonly faults: readonly string[];
}

/** A server that is killed, and brokers that use a bucket of it. */
export class Scene implements AsyncDisposable {
  readonly #server: NatsServer;
  readonly #brokers: readonly NatsBroker[];

  private constructor(server: NatsServer, brokers: readonly NatsBroker[]) {
    this.#server = server;
    this.#brokers = brokers;
  }

  static async open(brokers: number): Promise<Scene> {
    const server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
    const reconnect = { minDelay: 20, maxDelay: 100 };
    const made = Array.from(
      { length: brokers },
      () => new NatsBroker(server.url, { logger: false, reconnect }),
    );
    for (const broker of made) await broker.start();
    return new Scene(server, made);
  }

  /** The bucket, as each broker reaches it. */
  buckets(options: BucketOptions<number> = {}): readonly Bucket<number>[] {
    const patient = { declare: "create", timeout: "60s", ...options } as const;
    return this.#brokers.map((broker) => kv<number>(broker, "soak", patient));
  }

  /** Kills the server with no chance to say goodbye, and starts it again. */
  async crash(): Promise<void> {
    await this.#server.kill();
    await this.#server.restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop({ timeout: 2_000 })));
    await this.#server.stop();
  }
}
