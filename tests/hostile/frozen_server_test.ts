import { type BrokerEvent, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertLess } from "@std/assert";
import { Authority } from "../support/certificates.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";

const SCHEMES = ["nats", "ws", "wss"] as const;
type Scheme = typeof SCHEMES[number];

const options = {
  logger: false,
  pingInterval: 200,
  reconnect: { minDelay: 20, maxDelay: 50 },
} as const;

/** A server over one of the transports, and a way to it that can be cut off. */
class Station implements AsyncDisposable {
  readonly server: NatsServer;
  readonly proxy: Proxy;
  readonly url: string;
  readonly tls: { readonly caFile: string } | undefined;
  readonly #held: AsyncDisposableStack;

  private constructor(
    held: AsyncDisposableStack,
    server: NatsServer,
    proxy: Proxy,
    scheme: Scheme,
    caFile: string | undefined,
  ) {
    this.#held = held;
    this.server = server;
    this.proxy = proxy;
    this.url = `${scheme}://127.0.0.1:${proxy.port}`;
    this.tls = caFile === undefined ? undefined : { caFile };
  }

  static async open(scheme: Scheme): Promise<Station> {
    const held = new AsyncDisposableStack();
    const authority = scheme === "wss" ? held.use(await Authority.create()) : undefined;
    const tls = await authority?.serverBlock("127.0.0.1");
    const webSocket = scheme !== "nats" && (tls === undefined || { tls });
    const server = held.use(await NatsServer.start({ webSocket }));
    const { port } = new URL(scheme === "nats" ? server.url : server.webSocketUrl);
    const proxy = held.use(await Proxy.start(Number(port)));
    return new Station(held, server, proxy, scheme, authority?.caFile);
  }

  broker(more: object = {}): NatsBroker {
    return new NatsBroker(this.url, { ...options, ...this.tls && { tls: this.tls }, ...more });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held.disposeAsync();
  }
}

function eventsOf(broker: NatsBroker): BrokerEvent["type"][] {
  const types: BrokerEvent["type"][] = [];
  void (async () => {
    for await (const { type } of broker.events()) types.push(type);
  })();
  return types;
}

/** Publishes until the socket takes no more. */
async function fill(broker: NatsBroker): Promise<void> {
  const body = "x".repeat(100_000);
  for (let count = 0; count < 300; count++) void broker.publish("nobody", body).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
}

for (const scheme of SCHEMES) {
  Deno.test(`NatsBroker over ${scheme}:// leaves a server that is silent, and comes back`, async () => {
    await using station = await Station.open(scheme);
    await using broker = station.broker();
    const types = eventsOf(broker);
    await broker.connect();
    const count = (wanted: BrokerEvent["type"]) => types.filter((type) => type === wanted).length;
    for (let outage = 1; outage <= 2; outage++) {
      const [left, back] = [count("disconnected"), count("connected")];
      station.proxy.stall();
      await until("it is left", () => count("disconnected") > left);
      station.proxy.resume();
      await until("it is back", () => count("connected") > back);
      // a server that gets no turn for half a second is left as well
      await until("it serves", () => broker.flush().then(() => true, () => false));
    }
  });

  Deno.test(`NatsBroker over ${scheme}:// leaves a server that stands still with a full socket, and keeps what has not left`, async () => {
    await using station = await Station.open(scheme);
    await using broker = station.broker();
    const types = eventsOf(broker);
    await broker.connect();
    await station.server.suspend();
    await fill(broker);
    await until("it is left", () => types.includes("disconnected"));
    station.server.resume();
    await until("it is back", () => types.filter((type) => type === "connected").length > 1);
    await until("all has left", () => broker.flush().then(() => true, () => false));
  });

  Deno.test(`NatsBroker.stop() over ${scheme}:// returns in its time where a server stands still`, async () => {
    await using station = await Station.open(scheme);
    const broker = station.broker({ pingInterval: 60_000 });
    await broker.connect();
    await station.server.suspend();
    await fill(broker);
    const began = performance.now();
    await broker.stop({ timeout: 500 });
    const taken = performance.now() - began;
    station.server.resume();
    // what was left behind ends once its server has taken it, however long that takes
    await until("its socket has ended", () => station.proxy.connections === 0);
    // a WebSocket's client looks every 100 ms whether its socket has ended
    await delay(500);
    assertLess(taken, 5_000);
  });
}

for (const scheme of ["nats", "ws"] as const) {
  Deno.test(`NatsBroker.ping() over ${scheme}:// works on the next server where the first stands still`, async () => {
    await using first = await Station.open(scheme);
    await using second = await Station.open(scheme);
    await using broker = new NatsBroker([first.url, second.url], options);
    const connected: string[] = [];
    void (async () => {
      for await (const event of broker.events()) {
        if (event.type === "connected") connected.push(event.server);
      }
    })();
    await broker.connect();
    await until("it is connected", () => connected.length >= 1);
    const isFirst = connected.at(-1)!.includes(String(first.proxy.port));
    const [frozen, other] = isFirst ? [first, second] : [second, first];
    frozen.proxy.stall();
    await until("it has changed over", () => connected.at(-1)!.includes(String(other.proxy.port)));
    // it may be left as well, where it gets no turn for half a second
    await until("it answers", () => broker.ping().then(() => true, () => false));
    frozen.proxy.resume();
  });
}

Deno.test("NatsBroker.connect() over ws:// fails within its time where a server takes the socket and says nothing", async () => {
  const mute = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    return Deno.upgradeWebSocket(request).response;
  });
  await using broker = new NatsBroker(`ws://127.0.0.1:${mute.addr.port}`, {
    ...options,
    connectTimeout: 200,
  });
  const error = await broker.connect().catch((error) => error);
  assertEquals(error.reason, "timeout");
  assert(error.message.includes("in time"), error.message);
  await mute.shutdown();
});
