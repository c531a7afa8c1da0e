import { type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assertLess } from "@std/assert";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { heldMemory } from "../support/memory.ts";

const MIB = 1_048_576;
const INFO = {
  server_id: "S",
  version: "2.11.0",
  proto: 1,
  headers: true,
  max_payload: MIB,
};
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A server that takes nothing any more as soon as it is told to, and goes on to send. */
class DeafServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving = this.#serve();
  readonly #sids = new Map<string, string>();
  #socket: Deno.Conn | undefined;
  #isDeaf = false;

  get url(): string {
    return `nats://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  /**
   * Sends so many messages to one subject, each with a reply address, and reads nothing from now on. It answers pings that it
   * does not read, as a broker that hears no answer for six seconds would leave it.
   */
  async flood(subject: string, count: number): Promise<void> {
    await until("somebody listens", () => this.#sids.has(subject));
    this.#isDeaf = true;
    const line = `MSG ${subject} ${this.#sids.get(subject)} _EVIL.r 1\r\n1\r\n`;
    const lines = encoder.encode(`${line.repeat(1_000)}PONG\r\n`);
    for (let sent = 0; sent < count; sent += 1_000) await this.#write(lines);
  }

  async #serve(): Promise<void> {
    const socket = this.#socket = await this.#listener.accept();
    await this.#write(encoder.encode(`INFO ${JSON.stringify(INFO)}\r\n`));
    const buffer = new Uint8Array(65_536);
    for (let text = ""; !this.#isDeaf;) {
      const count = await socket.read(buffer);
      if (count === null) return;
      text += decoder.decode(buffer.subarray(0, count));
      const lines = text.split("\r\n");
      text = lines.pop()!;
      for (const line of lines) {
        const [verb, subject, ...rest] = line.split(" ");
        if (verb === "PING") await this.#write(encoder.encode("PONG\r\n"));
        if (verb === "SUB") this.#sids.set(subject!, rest.at(-1)!);
      }
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#socket!.write(bytes.subarray(at));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#socket?.close();
    await this.#serving.catch(() => {});
  }
}

/**
 * Gives how much is held after a flood of requests while the server takes no answers; `serve` may give what tells that the
 * flood has shown what it can.
 */
async function flooded(
  subject: string,
  count: number,
  serve: (broker: NatsBroker) => (() => boolean) | void,
  options: BrokerOptions = {},
): Promise<number> {
  await using server = new DeafServer();
  const broker = new NatsBroker(server.url, { logger: false, ...options });
  const isThrough = serve(broker);
  await broker.start();
  const before = heldMemory();
  await server.flood(subject, count);
  if (isThrough) await until("the flood is through", isThrough, { timeout: 60_000 });
  await delay(1_000);
  const held = heldMemory() - before;
  await broker.stop({ timeout: 100 });
  return held;
}

Deno.test("NatsBroker.subscriber() makes no answers that the socket has no room for", async () => {
  let handled = 0;
  const held = await flooded("large", 3_000, (broker) => {
    broker.subscriber("large", () => {
      handled++;
      return new Uint8Array(100_000);
    });
    broker.subscriber("other", { concurrency: 1 }, () => new Uint8Array(100_000));
    // the socket takes some
    return () => handled > 8;
  });
  assertLess(held, 64 * MIB);
});

Deno.test("NatsBroker.subscriber() drops refusals beyond 8 MiB that wait for the socket, and says so", async () => {
  const held = await flooded("slow", 200_000, (broker) => {
    const options = { concurrency: 1, maxPending: { messages: 1 } };
    const slow = broker.subscriber(
      "slow",
      options,
      ({ signal }) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    );
    return () => slow.counts.dropped >= 200_000 - 2;
  });
  assertLess(held, 64 * MIB);
});

Deno.test("NatsBroker.service() leaves questions unanswered while the socket has no room for answers", async () => {
  const metadata = { text: "x".repeat(10_000) };
  const held = await flooded("$SRV.STATS", 20_000, (broker) => {
    broker.subscriber("a", () => {});
  }, { service: { name: "shop", version: "1.0.0", metadata } });
  assertLess(held, 32 * MIB);
});
