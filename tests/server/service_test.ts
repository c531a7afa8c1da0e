import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { type NatsBroker, PermissionError, ReplyError, type Schema } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { type Backend, onEveryServer, type User } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { schemaOf } from "../support/schemas.ts";
import { steady } from "../support/within.ts";

/** A schema whose library has a JSON Schema of it. */
const anOrder = {
  "~standard": {
    ...schemaOf((value) => typeof value === "object")["~standard"],
    jsonSchema: { input: () => ({ type: "object" }), output: () => ({ type: "object" }) },
  },
} as Schema;

/** Handlers take the milliseconds that they say, and not those of this machine. */
class HeldTime implements Disposable {
  readonly #now = performance.now;
  #at = Math.ceil(performance.now());

  constructor() {
    performance.now = () => this.#at;
  }

  pass(milliseconds: number): void {
    this.#at += milliseconds;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}

/** A service of one handler, which needs milliseconds for an order and finds no order "0". */
async function running(
  server: Backend,
  { id = "one", pass }: { id?: string; pass?: (milliseconds: number) => void } = {},
): Promise<NatsBroker> {
  const service = { name: "orders", version: "1.0.0", description: "Takes orders", id };
  const broker = server.broker({ service });
  broker.subscriber("orders.{id}", { schema: anOrder }, ({ params }) => {
    pass?.(Number(params.id));
    if (params.id === "1") throw new ReplyError(404, "No such order");
  });
  await broker.start();
  return broker;
}

/** A bare client, as somebody else's program would have it. */
async function stranger(url: string): Promise<NatsConnection & AsyncDisposable> {
  const client = await connect({ servers: url });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

async function ask(client: NatsConnection, subject: string): Promise<string> {
  const answer = await client.request(subject, "", { timeout: 5_000 });
  // by which a broker knows that it is not the answer to another question
  assertEquals(answer.headers?.keys(), ["correlation_id"]);
  return answer.string();
}

const WHO = `"name":"orders","id":"one","version":"1.0.0","metadata":{}`;
const WHERE = `"name":"orders-id","subject":"orders.*","queue_group":"q"`;

const PING = `{"type":"io.nats.micro.v1.ping_response",${WHO}}`;
const INFO =
  `{"type":"io.nats.micro.v1.info_response",${WHO},"description":"Takes orders","endpoints":[` +
  `{${WHERE},"metadata":{"schema.request":"{\\"type\\":\\"object\\"}"}}]}`;

function stats(started: string): string {
  return `{"type":"io.nats.micro.v1.stats_response",${WHO},"started":"${started}","endpoints":[` +
    `{${WHERE},"num_requests":2,"num_errors":1,"last_error":"404:Not found",` +
    `"processing_time":4000000,"average_processing_time":2000000}]}`;
}

onEveryServer(
  "A service answers a plain client to the letter, on nine subjects",
  async (server) => {
    using time = new HeldTime();
    const before = Date.now();
    const broker = await running(server, { pass: (milliseconds) => time.pass(milliseconds) });
    const errors = recorded(broker);
    await using client = await stranger(server.url);
    await broker.request("orders.3", {});
    await assertRejects(() => broker.request("orders.1", {}), "No such order");
    const { started } = JSON.parse(await ask(client, "$SRV.STATS"));
    assertMatch(started, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert(before <= Date.parse(started) && Date.parse(started) <= Date.now(), started);
    const answers = { PING, INFO, STATS: stats(started) };
    for (const [verb, answer] of Object.entries(answers)) {
      for (const whom of ["", ".orders", ".orders.one"]) {
        assertEquals(await ask(client, `$SRV.${verb}${whom}`), answer);
      }
    }
    assertEquals(errorsIn(errors), []);
  },
);

onEveryServer(
  "Every instance of a service answers, and each can be asked alone",
  async (server) => {
    await running(server, { id: "one" });
    const two = await running(server, { id: "two" });
    await using client = await stranger(server.url);
    const assertFinds = async (subject: string, wanted: readonly string[]) => {
      const ids: string[] = [];
      const inbox = client.subscribe(`_INBOX.${crypto.randomUUID()}`, {
        callback: (_, answer) => void ids.push(answer.json<{ id: string }>().id),
      });
      client.publish(subject, "", { reply: inbox.getSubject() });
      await until(`${wanted} must answer`, () => ids.length >= wanted.length);
      await steady(() => ids.length);
      inbox.unsubscribe();
      assertEquals(ids.sort(), wanted);
    };
    await assertFinds("$SRV.PING", ["one", "two"]);
    await assertFinds("$SRV.STATS.orders", ["one", "two"]);
    await assertFinds("$SRV.INFO.orders.two", ["two"]);
    await two.stop();
    await assertFinds("$SRV.PING", ["one"]);
  },
);

onEveryServer("A service that listens again is found on the next connection", async (server) => {
  const broker = await running(server);
  await using client = await stranger(server.url);
  const requests = async () =>
    JSON.parse(await ask(client, "$SRV.STATS.orders")).endpoints[0].num_requests;
  await broker.request("orders.7", {});
  assertEquals(await requests(), 1);
  await broker.stop();
  await broker.start();
  assertEquals(await ask(client, "$SRV.PING.orders"), PING);
  assertEquals(await requests(), 0);
});

const locked: User = {
  user: "locked",
  password: "secret",
  permissions: { publish: ["open.>"], subscribe: ["open.>"] },
};

onEveryServer(
  "A server that does not permit $SRV keeps a service from being found, no more",
  async (server) => {
    const broker = server.broker({ as: locked, service: { name: "orders", version: "1.0.0" } });
    const seen = recorded(broker);
    const errors = () => errorsIn(seen);
    const { promise, resolve } = Promise.withResolvers<string>();
    broker.subscriber("open.door", ({ subject }) => resolve(subject));
    await broker.start();
    await until("the server must refuse nine subjects", () => errors().length === 9);
    for (const error of errors()) {
      assertInstanceOf(error, PermissionError);
      assertEquals(error.operation, "subscribe");
      assert(error.subject.startsWith("$SRV."), error.subject);
    }
    await broker.publish("open.door");
    assertEquals(await promise, "open.door");
    await broker.start();
    await until("the server must refuse them again", () => errors().length === 18);
  },
  { users: [locked] },
);

onEveryServer(
  "NatsBroker as a service leaves schemas out of INFO that are more than a message holds",
  async (server) => {
    const service = { name: "orders", version: "1.0.0" };
    const broker = server.broker({ service });
    const description = "x".repeat(600_000);
    const input = () => ({ type: "object", description });
    const standard = { ...anOrder["~standard"], jsonSchema: { input, output: input } };
    const aLongOne = { "~standard": standard } as Schema;
    broker.subscriber("one", { schema: aLongOne }, () => {});
    await broker.start();
    type Info = { endpoints: { name: string; metadata: Record<string, string> }[] };
    const ask = async () => (await broker.request<Info>("$SRV.INFO.orders")).body.endpoints;
    const metadata = { "schema.request": JSON.stringify(input()) };
    assertEquals((await ask()).map((each) => [each.name, each.metadata]), [["one", metadata]]);
    broker.subscriber("two", { schema: aLongOne }, () => {});
    await broker.start();
    assertEquals((await ask()).map((each) => [each.name, each.metadata]), [["one", {}], [
      "two",
      {},
    ]]);
  },
);
