import { type Answers, NoRespondersError } from "@signalbox/nats";
import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

/** A client of others, that answers as it is told to. */
async function foreign(
  at: Pick<Backend, "url">,
  subject: string,
  answer: (question: Msg, client: NatsConnection) => void | Promise<void>,
): Promise<NatsConnection> {
  const client = await connect({ servers: at.url });
  client.subscribe(subject, { callback: (_, message) => void answer(message, client) });
  await client.flush();
  return client;
}

/** Parts, and the end of ADR-47. */
function parted(count: number): (question: Msg) => void {
  return (question) => {
    for (let n = 1; n <= count; n++) question.respond(String(n));
    question.respond();
  };
}

async function bodiesOf(answers: Answers): Promise<unknown[]> {
  return await within("the answers", Array.fromAsync(answers, ({ body }) => body));
}

onEveryServer("NatsBroker.requestMany() ends with the message that says so", async (at) => {
  const broker = at.broker();
  await broker.connect();
  const client = await foreign(at, "parts.*", (question) => {
    parted(Number(question.subject.slice("parts.".length)))(question);
  });
  for (const count of [0, 1, 5, 1_500]) {
    const answers = broker.requestMany(`parts.${count}`, null, { sentinel: true });
    assertEquals(await bodiesOf(answers), Array.from({ length: count }, (_, at) => at + 1));
    assertEquals(await answers.ended, "sentinel");
  }
  const third = broker.requestMany("parts.5", null, { sentinel: ({ body }) => body === 3 });
  assertEquals([await bodiesOf(third), await third.ended], [[1, 2], "sentinel"]);
  const all = broker.requestMany("parts.2", null, { sentinel: false, max: 3 });
  assertEquals([await bodiesOf(all), await all.ended], [[1, 2, undefined], "max"]);
  const none = broker.requestMany("nobody", null, { sentinel: true });
  await assertRejects(() => bodiesOf(none), NoRespondersError);
  await client.close();
});

onEveryServer(
  "NatsBroker.requestMany() is not ended by an empty answer with headers",
  async (at) => {
    const broker = at.broker();
    broker.subscriber("audit", () => {});
    await broker.start();
    const client = await foreign(at, "audit", (question) => {
      const fields = headers();
      fields.set("X-Mark", "1");
      question.respond("", { headers: fields });
    });
    const answers = broker.requestMany("audit", null, { sentinel: true, max: 2 });
    assertEquals([await bodiesOf(answers), await answers.ended], [[undefined, undefined], "max"]);
    await client.close();
  },
);

onEveryServer("NatsBroker.requestMany() throws what its sentinel throws", async (at) => {
  const broker = at.broker();
  broker.subscriber("one", () => 1);
  await broker.start();
  const broken = new RangeError("a sentinel that breaks");
  const answers = broker.requestMany("one", null, {
    sentinel: () => {
      throw broken;
    },
  });
  assertEquals(await assertRejects(() => bodiesOf(answers)), broken);
  assertEquals(await answers.ended, "closed");
  // deno-lint-ignore no-explicit-any
  const promise = broker.requestMany("one", null, { sentinel: (() => Promise.reject(1)) as any });
  await assertRejects(() => bodiesOf(promise), TypeError, '"sentinel" must give true or false');
  for (const sentinel of [1, "end", null, async () => await true]) {
    assertThrows(
      // deno-lint-ignore no-explicit-any
      () => broker.requestMany("one", null, { sentinel: sentinel as any }),
      TypeError,
      '"sentinel" must be true, false, or a function that is not async',
    );
  }
});
