import { assert, assertEquals, assertLess } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { heldMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { withBystander } from "./bystander.ts";
import { RawPeer } from "./raw_peer.ts";

const MIB = 1_048_576;
const QUESTIONS = 20_000;
const VERBS = ["PING", "INFO", "STATS"] as const;
const INBOX = "_EVIL.answers";
/** An answer begins so; none of them has it in its body. */
const ANSWER = `MSG ${INBOX} `;

/** A broker that is found as a service, and says so much of itself to whoever asks. */
async function service(server: Backend, endpoints: number, text: string) {
  const metadata = { text };
  const broker = server.broker({ service: { name: "shop", version: "1.0.0", metadata } });
  broker.subscriber("bystander.echo", ({ body }) => body);
  for (let n = 1; n < endpoints; n++) broker.subscriber(`endpoint.${n}`, () => {});
  await broker.start();
  return broker;
}

/** As fast as the socket takes them. */
async function ask(peer: RawPeer, subject: string): Promise<void> {
  await peer.write(`SUB ${INBOX} 1\r\n`);
  const questions = `PUB ${subject} ${INBOX} 0\r\n\r\n`.repeat(1_000);
  for (let asked = 0; asked < QUESTIONS; asked += 1_000) await peer.write(questions);
}

for (const verb of VERBS) {
  onEveryServer(
    `NatsBroker.service() answers 20 000 questions of $SRV.${verb} at once, or counts them as dropped, and serves others`,
    async (server) => {
      const broker = await service(server, 5, "short");
      const seen = recorded(broker);
      const dropped = () => {
        const told = seen.flatMap((event) => event.type === "slowConsumer" ? [event.dropped] : []);
        return Math.max(0, ...told);
      };
      await withBystander(server.url, "bystander.echo", async () => {
        await using peer = await RawPeer.open(server.url);
        const answers = peer.count(ANSWER);
        await ask(peer, `$SRV.${verb}`);
        await until("all are accounted for", () => answers() + dropped() >= QUESTIONS, {
          timeout: 120_000,
        });
        await delay(500);
        assert(answers() > 0);
        assertEquals(answers() + dropped(), QUESTIONS);
      });
      assertEquals(seen.filter(({ type }) => type !== "slowConsumer"), []);
    },
  );
}

onEveryServer(
  "NatsBroker.service() holds little for a peer that asks 60 000 questions and reads no answer, and serves others",
  async (server) => {
    const broker = await service(server, 200, "x".repeat(2_000));
    const seen = recorded(broker);
    const before = heldMemory();
    const held = await withBystander(server.url, "bystander.echo", async () => {
      await using peer = await RawPeer.open(server.url, { reads: false });
      try {
        for (const verb of VERBS) await ask(peer, `$SRV.${verb}`);
      } catch {
        // it is cut off for what it does not read
      }
      await broker.ping({ timeout: 60_000 });
      await delay(500);
      return heldMemory() - before;
    });
    // the embedded server, which is in this process, may hold 64 MiB for the peer
    assertLess(held, 128 * MIB);
    assertEquals(seen.filter(({ type }) => type !== "slowConsumer"), []);
    const { body } = await broker.request("$SRV.PING.shop", null, { timeout: 20_000 });
    assertEquals((body as { name: string }).name, "shop");
  },
);
