import { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { fastLineTest } from "../support/plain_mode.ts";

fastLineTest(
  "NatsBroker turns Nagle's algorithm off after every connect and reconnect",
  "the client has no option for it",
  async () => {
    await using server = await NatsServer.start();
    const tuned: boolean[] = [];
    const tcp = Deno as { connect(options: Deno.ConnectOptions): Promise<Deno.TcpConn> };
    const dial = tcp.connect;
    using _connect = stub(tcp, "connect", async (options) => {
      const socket = await dial(options);
      const setNoDelay = socket.setNoDelay.bind(socket);
      socket.setNoDelay = (on) => {
        tuned.push(on ?? true);
        setNoDelay(on);
      };
      return socket;
    });
    const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    assertEquals(tuned, [true]);
    await server.kill();
    await server.restart();
    await until("the broker must be back", () => tuned.length === 2 || undefined);
    await broker.ping();
    assertEquals(tuned, [true, true]);
  },
);
