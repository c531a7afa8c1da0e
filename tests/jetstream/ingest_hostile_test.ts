import { NatsBroker, PermissionError } from "@signalbox/nats";
import { IngestError, jetstream } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { started } from "../support/jetstream/started.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";

const since = "2.14";
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);
const config = { name: "R", subjects: ["r.>"], allow_batched: true };

async function storedIn(broker: NatsBroker, subject = "r.>"): Promise<unknown[]> {
  const bodies: unknown[] = [];
  const reader = jetstream(broker).read("R", { subject, until: "now" });
  for await (const { body } of reader) bodies.push(body);
  return bodies;
}

onEveryJetStream(
  "js.ingest() ignores the answers of another subscriber",
  async (server) => {
    const { broker, create } = await started(server);
    await create(config);
    const answers = [
      "thanks",
      { type: "ack", seq: 1e9, msgs: 1 },
      { type: "ack", seq: -1, msgs: 0 },
      { type: "ack", seq: "1", msgs: 500 },
      { type: "err", seq: 1, error: 7 },
      { type: "err", seq: 1e9, error: { code: 500, err_code: 1, description: "no" } },
      { stream: "R", seq: 1, batch: "another", count: 1 },
      { stream: "R", seq: 1, batch: "", count: 1e9 },
      [],
      null,
    ];
    let at = 0;
    const other = server.broker();
    other.subscriber("r.a", () => answers[at++ % answers.length]);
    await other.start();
    const ingest = jetstream(broker).ingest("r.a");
    const writer = ingest.getWriter();
    for (const number of numbers(200)) {
      await writer.write(number);
      // each gets its answer while it is under way
      if (number % 5 === 0) await until("it is answered", () => at > number - 5);
    }
    await writer.close();
    await until("all were answered", () => at >= 200);
    assertEquals([await storedIn(broker), ingest.stored], [numbers(200), 200]);
  },
  { since },
);

onEveryJetStream(
  "js.ingest() keeps the order of its items while many ingests write to one stream",
  async (server) => {
    const { broker, create } = await started(server);
    await create(config);
    const js = jetstream(broker);
    await Promise.all(
      numbers(25).map((lane) => ReadableStream.from(numbers(400)).pipeTo(js.ingest(`r.${lane}`))),
    );
    for (const lane of numbers(25)) {
      assertEquals(await storedIn(broker, `r.${lane}`), numbers(400));
    }
  },
  { since },
);

onEveryJetStream(
  "js.ingest() fails with a PermissionError, and stores the items before that",
  async (server) => {
    const admin = await started({ broker: () => server.broker({ as: ADMIN }) });
    await admin.create(config);
    const broker = server.broker({ as: LIMITED });
    await broker.start();
    const ingest = jetstream(broker).ingest("r.{id}");
    const items = [...numbers(20).map(() => "yes"), "no", "yes"].map((id) => ({ params: { id } }));
    const error = await assertRejects(
      () => ReadableStream.from(items).pipeTo(ingest),
      IngestError,
    );
    assertInstanceOf(error.cause, PermissionError);
    assertEquals([error.stored, error.uncertain], [20, 0]);
    assertEquals((await admin.info("R")).state.messages, 20);
  },
  {
    since,
    users: [
      { user: "admin", password: "secret" },
      {
        user: "limited",
        password: "secret",
        permissions: { publish: ["r.yes", "$JS.API.>"], subscribe: [">"] },
      },
    ],
  },
);

const ADMIN = { user: "admin", password: "secret" };
const LIMITED = { user: "limited", password: "secret" };

Deno.test("js.ingest() knows how much it has stored even if the last acknowledgements are lost", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using proxy = await Proxy.start(server.port);
  const reconnect = { minDelay: 5, maxDelay: 20 };
  await using broker = new NatsBroker(proxy.url, { logger: false, reconnect });
  const { create, access } = await started({ broker: () => broker });
  await create(config);
  let losses = 0;
  access.onConnection((change) => losses += change === "lost" ? 1 : 0);
  const js = jetstream(broker);
  let total = 0;
  for (let round = 0; round < 40; round++) {
    const count = 1 + (round * 37) % 120;
    const before = losses;
    const ingest = js.ingest("r.a");
    // cuts the flow of acknowledgements somewhere, or the last one
    proxy.cutAfter(1 + (round * 13) % 150, "toClient");
    await ReadableStream.from(numbers(count, total)).pipeTo(ingest);
    total += count;
    assertEquals([ingest.stored, ingest.uncertain], [count, 0]);
    proxy.cut();
    await until("it was cut", () => losses > before);
    await until("it is back", () => broker.state === "ready");
  }
  assert(losses >= 40);
  assertEquals(await storedIn(broker), numbers(total));
});
