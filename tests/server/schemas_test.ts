import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Message, type NatsBroker, type Schema, ValidationError } from "@signalbox/nats";
import { onEveryServer } from "../support/backends.ts";

/** A number that travels as text; `isAsync` decides only after a turn. */
function priceSchema(isAsync: boolean): Schema<number, string> {
  const validate = (value: unknown) =>
    typeof value === "string" && Number(value) >= 0
      ? { value: Number(value) }
      : { issues: [{ message: "must be a price" }] };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => isAsync ? Promise.resolve(value).then(validate) : validate(value),
    },
  };
}

for (const isAsync of [false, true]) {
  const price = priceSchema(isAsync);
  const kind = isAsync ? "an async schema" : "a schema";

  onEveryServer(`NatsBroker lets ${kind} with a transform serve both ends`, async (server) => {
    const broker = server.broker();
    const got: unknown[] = [];
    broker.subscriber("told", { schema: price }, ({ body }) => void got.push(body));
    broker.subscriber("double", { schema: price, replySchema: price }, ({ body }) => {
      assertType<IsExact<typeof body, number>>(true);
      return `${body * 2}`;
    });
    broker.subscriber("count", { schema: price, replySchema: price }, async function* ({ body }) {
      for (let n = 1; n <= body; n++) yield `${n}`;
    });
    await broker.start();
    const both = { sendSchema: price, schema: price };
    const told = broker.publisher("told", { schema: price });
    const double = broker.publisher("double", { schema: price, replySchema: price });

    await broker.publish("told", "1", { schema: price });
    await told.publish("2");
    const answer = await broker.request("double", "3", both);
    assertType<IsExact<typeof answer, Message<number>>>(true);
    assertEquals([answer.body, (await double.request("4")).body], [6, 8]);
    const answers = broker.requestMany("double", "5", { ...both, max: 1 });
    for await (const { body } of answers) assertEquals(body, 10);
    const parts = broker.requestStream("count", "2", both);
    assertEquals(await Array.fromAsync(parts, ({ body }) => body), [1, 2]);
    await broker.flush();
    assertEquals(got, [1, 2]);
  });

  onEveryServer(`NatsBroker lets ${kind} serve both ends of a session`, async (server) => {
    const broker = server.broker();
    const options = { openingSchema: price, schema: price, sendSchema: price };
    broker.session("till", options, async (session) => {
      let sum = session.opening.body;
      for await (const { body } of session) await session.send(`${sum += body}`);
    });
    await broker.start();
    await using session = await broker.openSession("till", "10", options);
    await session.send("5");
    const { body } = (await session.next())!;
    assertType<IsExact<typeof body, number>>(true);
    assertEquals(body, 15);
  });

  onEveryServer(`NatsBroker sends no body that does not fit ${kind}`, async (server) => {
    const broker = server.broker();
    const all = broker.subscriber("all.>");
    await broker.start();
    const cheap = "-1";
    const both = { sendSchema: price, schema: price };
    const publisher = broker.publisher("all.publisher", { schema: price });
    const wrong: Record<string, () => PromiseLike<unknown>> = {
      publish: () => broker.publish("all.publish", cheap, { schema: price }),
      request: () => broker.request("all.request", cheap, both),
      "publisher.publish": () => publisher.publish(cheap),
      "publisher.request": () => publisher.request(cheap),
      openSession: () => broker.openSession("all.session", cheap, { openingSchema: price }),
    };
    for (const [way, send] of Object.entries(wrong)) {
      const error = await assertRejects(send, ValidationError, "must be a price");
      // the stack of an async schema leads to the schema alone
      if (!isAsync) assert(error.stack?.includes("schemas_test.ts"), `${way}: ${error.stack}`);
    }
    const many = () => broker.requestMany("all.many", cheap, both);
    const stream = () => broker.requestStream("all.stream", cheap, both);
    if (isAsync) {
      for (const asked of [many, stream]) {
        await assertRejects(() => Array.fromAsync<unknown>(asked()), ValidationError);
      }
    } else for (const asked of [many, stream]) assertThrows(asked, ValidationError);
    await broker.publish("all.last", "1");
    assertEquals((await all.next({ timeout: 10_000 }))?.subject, "all.last");
  });
}

onEveryServer(
  "NatsBroker.publish() reports a body that does not fit, unawaited",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    for (const isAsync of [false, true]) {
      const told = errorOf(broker);
      void broker.publish("told", "-1", { schema: priceSchema(isAsync) });
      const { error, subject } = await told;
      assertEquals([error instanceof ValidationError, subject], [true, "told"]);
    }
  },
);

async function errorOf(broker: NatsBroker) {
  for await (const event of broker.events()) if (event.type === "error") return event;
  throw new Error("no error came");
}
