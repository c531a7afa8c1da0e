import { type BrokerEvent, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { isPlain } from "../support/plain_mode.ts";
import { within } from "../support/within.ts";

const INFO =
  'INFO {"server_id":"x","version":"2.10.0","proto":1,"headers":true,"max_payload":1048576}\r\n';
const JUNK = "MSG inbox 1 nothing\r\n";
const SPOILT = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Send = (text: string) => void;

/** As much of a server as a broker needs; it answers the subscriptions of its first connections with junk. */
class SpoilingServer {
  #connections = 0;

  /** Gives what takes the text of one more connection. */
  greet(send: Send): Send {
    const number = ++this.#connections;
    send(INFO);
    return (text) => {
      for (const _ of text.matchAll(/PING\r\n/g)) send("PONG\r\n");
      if (number <= SPOILT && text.includes("SUB ")) send(JUNK);
    };
  }
}

async function serveTcp(listener: Deno.TcpListener, server: SpoilingServer): Promise<void> {
  for await (const connection of listener) {
    const send: Send = (text) => void connection.write(encoder.encode(text)).catch(() => {});
    const take = server.greet(send);
    void (async () => {
      for await (const piece of connection.readable) take(decoder.decode(piece));
    })().catch(() => {});
  }
}

function overTcp(): { readonly url: string } & AsyncDisposable {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const served = serveTcp(listener, new SpoilingServer());
  const url = `nats://127.0.0.1:${listener.addr.port}`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

function overWebSockets(): { readonly url: string } & AsyncDisposable {
  const spoiling = new SpoilingServer();
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const take = spoiling.greet((text) => socket.send(encoder.encode(text)));
      socket.onmessage = ({ data }) => take(decoder.decode(data));
    };
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

for (const [way, serve] of [["TCP", overTcp], ["ws://", overWebSockets]] as const) {
  const promise = "leaves a server that cannot be read, and comes back";
  Deno.test(`NatsBroker over ${way} ${promise}`, async () => {
    await using server = serve();
    const broker = new NatsBroker(server.url, {
      logger: false,
      reconnect: { minDelay: 10, maxDelay: 10 },
    });
    broker.subscriber("inbox", () => {});
    const events: BrokerEvent[] = [];
    const returned = Promise.withResolvers<void>();
    const heard = (async () => {
      for await (const event of broker.events()) {
        events.push(event);
        if (event.type === "connected" && event.reconnects === SPOILT) returned.resolve();
      }
    })();
    await broker.start();
    await within("the broker must come back", returned.promise, isPlain ? 30_000 : undefined);
    await broker.stop();
    await heard;
    const told = events.filter(({ type }) => type === "error" || type === "disconnected");
    // the client stops to read without a word, which shows by pings without an answer
    if (isPlain) {
      return assertEquals(told.map(({ type }) => type), ["disconnected", "disconnected"]);
    }
    assertEquals(
      told.map(({ type }) => type),
      ["error", "disconnected", "error", "disconnected"],
    );
    assertStrictEquals(told[0]!.type, "error");
    const { error } = told[0] as Extract<BrokerEvent, { type: "error" }>;
    assertMatch(
      error.message,
      /^Cannot read from the server as the server must send whole messages: /,
    );
  });
}
