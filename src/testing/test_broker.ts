import { NatsBroker, reroute } from "../broker/broker.ts";
import { shown } from "../options.ts";
import { EmbeddedServer } from "./server/embedded_server.ts";
import type { EmbeddedServerOptions } from "./server/options.ts";

/**
 * Runs a broker that is configured for production on a server in this process, unchanged and without any
 * permission. When the test is over, the broker is as it was before.
 *
 * @example
 * ```ts
 * import { NatsBroker, NoRespondersError } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("tls://nats.example.com", { user: "shop", password: "secret" });
 * await using _test = await TestBroker.start(broker);
 * await assertRejects(() => broker.request("nobody.listens"), NoRespondersError);
 * ```
 */
export class TestBroker implements AsyncDisposable {
  /** The server, in memory: another broker or client can be led to it, and outages can be made. */
  readonly server: EmbeddedServer;
  readonly #broker: NatsBroker;

  private constructor(broker: NatsBroker, server: EmbeddedServer) {
    this.#broker = broker;
    this.server = server;
  }

  /**
   * Starts the server and the broker on it.
   *
   * @param options what the server is like: a smaller `maxPayload`, users and their permissions
   * @throws {TypeError} for what is no broker, and for options that are not known
   * @throws {ConnectionError} if the broker is connected already, or the server refuses it
   */
  static async start(
    broker: NatsBroker,
    options: Omit<EmbeddedServerOptions, "listen" | "port" | "hostname" | "webSocket"> = {},
  ): Promise<TestBroker> {
    if (!(broker instanceof NatsBroker)) {
      throw new TypeError(`Cannot start a test as it must be given a NatsBroker: ${shown(broker)}`);
    }
    const server = await EmbeddedServer.start({ ...options, listen: false });
    try {
      reroute(broker, () => server.socket());
    } catch (error) {
      // a broker that is connected is at work for somebody else, who must not lose it
      await server.stop();
      throw error;
    }
    const test = new TestBroker(broker, server);
    try {
      await broker.start();
    } catch (error) {
      await test.stop();
      throw error;
    }
    return test;
  }

  /** Stops the broker, and then the server. */
  async stop(): Promise<void> {
    await this.#broker.stop();
    reroute(this.#broker, undefined);
    await this.server.stop();
  }

  /** Stops both, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
