import { NatsBroker, type Session } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertLess } from "@std/assert";
import { onEachPublished } from "../support/internals.ts";
import { until } from "../support/nats_server/until.ts";

const COUNT = 3_000;
const TOGETHER = 250;

/** Counts what all brokers publish, and the most of it in one turn of the event loop. */
class Published implements Disposable {
  total = 0;
  mostInTurn = 0;
  readonly #counting = onEachPublished(() => this.#note());
  #inTurn = 0;

  reset(): void {
    this.total = this.mostInTurn = 0;
  }

  [Symbol.dispose](): void {
    this.#counting[Symbol.dispose]();
  }

  #note(): void {
    if (this.#inTurn++ === 0) setTimeout(() => this.#inTurn = 0, 0);
    this.mostInTurn = Math.max(this.mostInTurn, this.#inTurn);
    this.total++;
  }
}

async function opened(client: NatsBroker, subject: string): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < COUNT) {
    const some = Array.from({ length: TOGETHER }, () => client.openSession(subject));
    sessions.push(...await Promise.all(some));
  }
  return sessions;
}

Deno.test("NatsBroker.openSession() of thousands looks for the other sides a few a turn after a reconnect, with few messages for each", async () => {
  await using server = await EmbeddedServer.start();
  const options = { logger: false, reconnect: { minDelay: 100, maxDelay: 200 } } as const;
  await using serving = new NatsBroker(server.url, options);
  serving.session("talk", { maxSessions: COUNT }, async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await serving.start();
  await using client = new NatsBroker(server.url, options);
  await client.connect();
  const sessions = await opened(client, "talk");
  const count = (state: Session["state"]) => sessions.filter((one) => one.state === state).length;

  using published = new Published();
  server.disconnect();
  await until("all are out of reach", () => count("paused") === COUNT);
  published.reset();
  const [busy] = sessions.slice(-1);
  await busy!.send("first");
  assertEquals((await busy!.next())?.body, "first");
  await until("all are back", () => count("open") === COUNT, { timeout: 60_000 });

  assertLess(published.total, 5 * COUNT);
  assertLess(published.mostInTurn, COUNT / 3);
  for (const session of sessions) session.abort();
});
