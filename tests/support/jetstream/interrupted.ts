import { type BrokerEvent, type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { NotFoundError } from "@signalbox/nats/jetstream";
import { NatsServer } from "../nats_server/nats_server.ts";
import { until } from "../nats_server/until.ts";
import { Proxy } from "../proxy.ts";
import { recorded } from "../recorded.ts";
import type { ConsumerInfo } from "./internals.ts";
import { type Started, started } from "./started.ts";

/** A server that keeps streams in files, one broker on a way that can be cut, and one beside it. */
export class Interrupted implements AsyncDisposable {
  readonly server: NatsServer;
  readonly proxy: Proxy;
  /** The broker whose way can be cut. */
  readonly reader: Started;
  /** A broker that goes to the server itself. */
  readonly writer: Started;
  /** The events of the broker whose way can be cut. */
  readonly events: readonly BrokerEvent[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    server: NatsServer,
    proxy: Proxy,
    brokers: { readonly reader: Started; readonly writer: Started },
    stack: AsyncDisposableStack,
  ) {
    this.server = server;
    this.proxy = proxy;
    this.reader = brokers.reader;
    this.writer = brokers.writer;
    this.events = recorded(brokers.reader.broker);
    this.#stack = stack;
  }

  static async start(options: BrokerOptions = {}): Promise<Interrupted> {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(
      await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' }),
    );
    const proxy = stack.use(await Proxy.start(server.port));
    const brokerAt = (url: string) => ({
      broker: (): NatsBroker => {
        const reconnect = { minDelay: 20, maxDelay: 50 };
        const broker = new NatsBroker(url, { logger: false, reconnect, ...options });
        stack.defer(() => broker.stop({ timeout: 2_000 }));
        return broker;
      },
    });
    const reader = await started(brokerAt(proxy.url));
    const writer = await started(brokerAt(server.url));
    return new Interrupted(server, proxy, { reader, writer }, stack.move());
  }

  /** The names of a stream's consumers. */
  async consumers(stream: string): Promise<readonly string[]> {
    const { api } = this.writer;
    const subject = `CONSUMER.NAMES.${stream}`;
    const { consumers } = await api.call<{ consumers: string[] | null }>(subject);
    return consumers ?? [];
  }

  /** Whether each consumer of a stream has a request for messages. */
  async isPulled(stream: string): Promise<boolean> {
    const { api } = this.writer;
    const names = await this.consumers(stream);
    const waiting = await Promise.all(names.map(async (name) => {
      try {
        const info = await api.call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${name}`);
        return info.num_waiting ?? 0;
      } catch (error) {
        // the reader has put another one in its place
        if (error instanceof NotFoundError) return 0;
        throw error;
      }
    }));
    return waiting.length > 0 && waiting.every((count) => count > 0);
  }

  /** Deletes all consumers of a stream, as somebody by hand; a reader may have deleted one of them itself meanwhile. */
  async deleteConsumers(stream: string): Promise<void> {
    const { api } = this.writer;
    for (const name of await this.consumers(stream)) {
      await api.call(`CONSUMER.DELETE.${stream}.${name}`).catch((error) => {
        if (!(error instanceof NotFoundError)) throw error;
      });
    }
  }

  /** Interrupts what reads a stream; resolves once there are as many other consumers. */
  async replace(stream: string, interrupt: () => unknown): Promise<void> {
    const before = await until("a consumer must be there", async () => {
      const names = await this.consumers(stream);
      return names.length > 0 && names;
    });
    await interrupt();
    await until("other consumers must take their places", async () => {
      const others = (await this.consumers(stream)).filter((name) => !before.includes(name));
      return others.length >= before.length;
    }, { timeout: 30_000 });
  }

  /** Ends the server with no chance to say goodbye, and starts it again. */
  async crash(): Promise<void> {
    await this.server.kill();
    await this.server.restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
