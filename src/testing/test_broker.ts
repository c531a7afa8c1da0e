import { NatsBroker } from "../broker/broker.ts";
import { coreOf } from "../broker/broker_core.ts";
import { registryOf } from "../broker/registry.ts";
import { platformClock } from "../clock.ts";
import type { Duration } from "../duration.ts";
import type { Message } from "../message/message.ts";
import { describe, holdsOptions } from "../options.ts";
import { type Params, Pattern } from "../subject/subject.ts";
import { PublishedMessages } from "./published_messages.ts";
import { EmbeddedServer } from "./server/embedded_server.ts";
import { type MovedClock, movedClocks } from "./server/moved_clock.ts";
import { publicationsOf } from "./server/publications.ts";
import type { EmbeddedServerOptions } from "./server/options.ts";

/**
 * Runs brokers that are configured for production on a server in this process, unchanged and without any permission.
 * After the test the brokers use their own configuration again.
 *
 * @example
 * ```ts
 * import { NatsBroker, NoRespondersError } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("tls://shop:secret@nats.example.com");
 * await using _test = await TestBroker.start(broker);
 * await assertRejects(() => broker.request("nobody.listens"), NoRespondersError);
 * ```
 *
 * @example Hours in milliseconds
 * ```ts
 * import { NatsBroker, TimeoutError } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.subscriber("report", () => new Promise(() => {}));
 *
 * await using test = await TestBroker.start(broker, { time: "moved" });
 * const report = broker.request("report", undefined, { timeout: 3_600_000 });
 * await test.advance("1h");
 * await assertRejects(() => report, TimeoutError);
 * ```
 *
 * @example An outage
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { reconnect: { minDelay: "10ms" } });
 * await using test = await TestBroker.start(broker);
 * const events = broker.events();
 * test.server.pause(); // cuts the connection, and refuses new ones
 * for await (const { type } of events) if (type === "disconnected") break;
 * await broker.publish("orders", 7); // waits in the broker
 * test.server.resume();
 * await broker.flush(); // after the reconnect
 * assertEquals((await test.published("orders"))[0]?.body, 7);
 * ```
 */
export class TestBroker implements AsyncDisposable {
  /** The server, in memory: a test can connect other clients to it, and simulate outages. */
  readonly server: EmbeddedServer;
  readonly #brokers: readonly NatsBroker<object>[];
  readonly #clock: MovedClock | undefined;
  readonly #published = new PublishedMessages();

  private constructor(brokers: readonly NatsBroker<object>[], server: EmbeddedServer) {
    publicationsOf.get(server)!.watch(this.#published.add);
    this.#brokers = brokers;
    this.server = server;
    this.#clock = movedClocks.get(server);
  }

  /**
   * Starts the server and the brokers on it, one after the other.
   *
   * @param broker one broker, or a list of brokers for one server
   * @param options the options of the server, such as a smaller `maxPayload`, users and their permissions; with `time:
   * "moved"` the time of the server and of the brokers stands still until {@linkcode TestBroker.advance} moves it
   * @throws {TypeError} for a value that is not a broker, and for unknown options
   * @throws {ConnectionError} if a broker is connected already, or the server refuses it
   */
  static async start(
    broker: NatsBroker<object> | readonly NatsBroker<object>[],
    options: Omit<EmbeddedServerOptions, "listen" | "port" | "hostname" | "webSocket"> = {},
  ): Promise<TestBroker> {
    const brokers = checkBrokers(broker);
    if (!holdsOptions(options)) {
      throw new TypeError(
        `Cannot start a test as options must be an object, and brokers a list: ${
          describe(options)
        }`,
      );
    }
    const server = await EmbeddedServer.start({ ...options, listen: false });
    const test = new TestBroker(brokers, server);
    try {
      test.#lead();
    } catch (error) {
      await server.stop();
      throw error;
    }
    try {
      await test.#inTime(test.#startAll());
    } catch (error) {
      await test.stop();
      throw error;
    }
    return test;
  }

  /** Redirects all brokers to the server, or none: a connected broker is in use, and must keep its connection. */
  #lead(): void {
    const led: NatsBroker<object>[] = [];
    try {
      for (const broker of this.#brokers) {
        coreOf(broker).reroute(() => this.server.socket(), this.#clock ?? platformClock);
        led.push(broker);
      }
    } catch (error) {
      for (const broker of led) coreOf(broker).reroute(undefined, platformClock);
      throw error;
    }
  }

  async #startAll(): Promise<void> {
    for (const broker of this.#brokers) await broker.start();
  }

  /** Moves the time while the promise is pending, as the test cannot move it meanwhile. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return this.#clock ? this.#clock.runUntilSettled(promise) : promise;
  }

  /**
   * Moves the time of the brokers and of the server, if the test was started with `time: "moved"`. Timers fire in the
   * order of their due times: deadlines, retries, pings, keep-alives, waits before a reconnect. All messages that a
   * timer causes are delivered and handled before the next timer fires. A second call moves the time after the first
   * has finished.
   *
   * It waits for promises and for messages, but not for other work of a handler, such as reading a file. The program's
   * own `setTimeout()` and `Date.now()` are real.
   *
   * @param duration milliseconds, or text such as `"250ms"`, `"30s"`, `"5m"`, `"1h"` or `"7d"`
   * @throws {TypeError} if the time is real, or the duration is negative, `NaN`, `Infinity` or other text
   */
  advance(duration: Duration): Promise<void> {
    return this.server.advance(duration);
  }

  /**
   * What was published, or requested, on subjects that match the pattern since the test began, oldest first: by the
   * brokers, whatever they have sent before this call, and by all other clients of the server. Answers go to inboxes, so
   * `">"` finds them too. Of more than 65 536 messages, or 64 MiB, the oldest are dropped.
   *
   * @throws {InvalidSubjectError} for an invalid pattern
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * broker.subscriber("orders.{id}", { publishTo: "bills.{id}" }, () => ({ total: 12 }));
   * await using test = await TestBroker.start(broker);
   * await broker.request("orders.7");
   *
   * const [bill] = await test.published("bills.{id}");
   * assertEquals([bill?.params.id, bill?.body], ["7", { total: 12 }]);
   * assertEquals(await test.published("reminders.>"), []);
   * ```
   */
  async published<const Text extends string>(
    pattern: Text,
  ): Promise<readonly Message<unknown, Params<Text>>[]> {
    const wanted = new Pattern(pattern, "show what was published");
    await Promise.all(this.#brokers.map(received));
    const cores = this.#brokers.map(coreOf);
    const own = cores.find(({ addresses }) => addresses.reception.codecs);
    const found = this.#published.matching(wanted, own?.addresses.reception.codecs);
    return found as unknown as readonly Message<unknown, Params<Text>>[];
  }

  /** Stops the brokers, and then the server. Meanwhile a moved time moves on by itself. */
  async stop(): Promise<void> {
    await this.#inTime(Promise.all(this.#brokers.map((broker) => broker.stop())));
    for (const broker of this.#brokers) coreOf(broker).reroute(undefined, platformClock);
    await this.server.stop();
  }

  /** Stops all, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function checkBrokers(broker: unknown): readonly NatsBroker<object>[] {
  const brokers: readonly unknown[] = Array.isArray(broker) ? broker : [broker];
  const isBroker = (each: unknown): each is NatsBroker<object> => each instanceof NatsBroker;
  if (brokers.length > 0 && brokers.every(isBroker)) return [...new Set(brokers)];
  const found = brokers.length > 0
    ? describe(brokers.find((each) => !isBroker(each)))
    : "an empty list";
  throw new TypeError(`Cannot start a test as it must be given a NatsBroker: ${found}`);
}

/** Resolves once the server has what the broker sent; what a lost connection had, it has got or never gets. */
function received(broker: NatsBroker<object>): Promise<void> {
  const { connection } = coreOf(broker);
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!connection.isUp) resolve();
  // a flush outlasts an outage, whose end a test with moved time has yet to bring about
  const ignore = registryOf(broker).context.onConnection(() => resolve());
  connection.flush({}, "flush").then(resolve, resolve);
  return promise.finally(ignore);
}
