import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import { NatsBroker } from "@signalbox/nats";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { meanwhile } from "../support/within.ts";

const reconnect = { minDelay: 10, maxDelay: 30 } as const;

/** The client tries again by a clock of its own, and loses a try now and then. */
const PATIENT = { timeout: 30_000 };

type Transport = "TCP" | "WebSocket";
const TRANSPORTS: readonly Transport[] = ["TCP", "WebSocket"];

/** A program's own connection, and how often it has come back. */
async function ownOf(server: NatsServer, over: Transport) {
  const common = { reconnectTimeWait: 20, maxReconnectAttempts: -1, timeout: 3_000 };
  const client: NatsConnection =
    await (over === "TCP"
      ? connect({ servers: `127.0.0.1:${server.port}`, ...common })
      : wsconnect({ servers: server.webSocketUrl, ...common }));
  const state = { backs: 0 };
  void meanwhile(async () => {
    for await (const { type } of client.status()) if (type === "reconnect") state.backs++;
  });
  return { client, state };
}

async function brokerOf(server: NatsServer, over: Transport) {
  const url = over === "TCP" ? server.url : server.webSocketUrl;
  const broker = new NatsBroker(url, { logger: false, reconnect });
  const seen = recorded(broker);
  await broker.connect();
  return { broker, connects: () => seen.filter(({ type }) => type === "connected").length };
}

async function work(client: NatsConnection, own: Transport, broker: NatsBroker): Promise<void> {
  // over WebSockets the client may lose its new connection by itself, and then never answers: it takes the late end of
  // an earlier socket for the end of this one
  if (own === "TCP") {
    await until("its own answers", () => client.flush().then(() => true, () => false));
  }
  await broker.flush({ timeout: 10_000 });
}

for (const over of TRANSPORTS) {
  for (const own of TRANSPORTS) {
    for (const isFirst of [true, false]) {
      const when = isFirst ? "made before it" : "made after it";
      Deno.test(`NatsBroker over ${over} leaves a program's own connection over ${own}, ${when}, its way back`, async () => {
        await using server = await NatsServer.start({ webSocket: true });
        // which transport the process has is known from the first dial on
        await using dialled = new NatsBroker(server.url, { logger: false, reconnect });
        await dialled.connect();
        const first = isFirst ? await ownOf(server, own) : undefined;
        const { broker, connects } = await brokerOf(server, over);
        await using _ = broker;
        const { client, state } = first ?? await ownOf(server, own);
        for (let outage = 1; outage <= 3; outage++) {
          await server.kill();
          await server.restart();
          await until("ours is back", () => connects() > outage);
          await until("the program's own is back", () => state.backs >= outage, PATIENT);
          await work(client, own, broker);
        }
        await client.close();
      });
    }
  }
}

for (const own of TRANSPORTS) {
  Deno.test(`NatsBroker leaves a program's own connections over ${own} their way back, beside brokers over both`, async () => {
    await using server = await NatsServer.start({ webSocket: true });
    await using stack = new AsyncDisposableStack();
    const brokers = [];
    const owns = [];
    for (const over of [...TRANSPORTS, ...TRANSPORTS]) {
      const made = await brokerOf(server, over);
      brokers.push({ ...made, broker: stack.use(made.broker) });
      owns.push(await ownOf(server, own));
    }
    for (let outage = 1; outage <= 3; outage++) {
      await server.kill();
      await server.restart();
      for (const { connects } of brokers) await until("ours is back", () => connects() > outage);
      for (const { state } of owns) {
        await until("its own is back", () => state.backs >= outage, PATIENT);
      }
    }
    for (const { client } of owns) {
      await work(client, own, brokers[0]!.broker);
      await client.close();
    }
  });
}
