import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { brokerSettings } from "../../src/broker/broker_options.ts";
import { platformClock } from "../../src/clock.ts";
import { Connection } from "../../src/connection/connection.ts";
import { PermissionError } from "../../src/errors.ts";
import { type BrokerEvent, EventFeed } from "../../src/events.ts";
import { ReplyAddresses } from "../../src/replies/reply_addresses.ts";
import { type Endpoint, EndpointStats } from "../../src/service/endpoint.ts";
import { Service } from "../../src/service/service.ts";
import { onEveryServer, type User } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";

/** A service over a connection of its own. */
class Running implements AsyncDisposable {
  readonly stats = new EndpointStats();
  readonly errors: Error[] = [];
  readonly connection: Connection;
  readonly service: Service;

  private constructor(url: string, id: string, user: User | undefined) {
    const feed = new EventFeed();
    feed.listen((event: BrokerEvent) => {
      if (event.type === "error") this.errors.push(event.error);
    });
    const credentials = user && { user: user.user, password: user.password };
    this.connection = new Connection(
      brokerSettings(url, { ...credentials }).connection,
      feed,
      platformClock,
    );
    const metadata = { "schema.request": `{"type":"object"}` };
    const place = { name: "orders-id", subject: "orders.*", queueGroup: "q" };
    const endpoints: Endpoint[] = [{ ...place, metadata, stats: this.stats }];
    const options = { name: "orders", version: "1.0.0", description: "Takes orders", id };
    this.service = new Service(
      {
        clock: platformClock,
        connection: this.connection,
        feed,
        addresses: new ReplyAddresses("_INBOX", undefined),
      },
      options,
      () => endpoints,
    );
  }

  static async start(url: string, id = "one", user?: User): Promise<Running> {
    const running = new Running(url, id, user);
    await running.connection.connect();
    running.service.listen();
    await running.connection.flush({ clock: platformClock, timeout: 5_000 }, "flush");
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.leave();
    await this.connection.close({ timeout: 2_000 });
  }
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
  async ({ url }) => {
    await using running = await Running.start(url);
    await using client = await stranger(url);
    running.stats.record(3);
    running.stats.record(1, { code: 404 });
    const { started } = running.service;
    assertMatch(started, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const answers = { PING, INFO, STATS: stats(started) };
    for (const [verb, answer] of Object.entries(answers)) {
      for (const whom of ["", ".orders", ".orders.one"]) {
        assertEquals(await ask(client, `$SRV.${verb}${whom}`), answer);
      }
    }
    assertEquals(running.errors, []);
  },
);

onEveryServer(
  "Every instance of a service answers, and each can be asked alone",
  async ({ url }) => {
    await using _one = await Running.start(url, "one");
    await using two = await Running.start(url, "two");
    await using client = await stranger(url);
    const found = async (subject: string) => {
      const ids: string[] = [];
      const all = { strategy: "stall", maxWait: 5_000, stall: 300 } as const;
      for await (const answer of await client.requestMany(subject, "", all)) {
        if (answer.data.length > 0) ids.push(answer.json<{ id: string }>().id);
      }
      return ids.sort();
    };
    assertEquals(await found("$SRV.PING"), ["one", "two"]);
    assertEquals(await found("$SRV.STATS.orders"), ["one", "two"]);
    assertEquals(await found("$SRV.INFO.orders.two"), ["two"]);
    await two.service.leave();
    assertEquals(await found("$SRV.PING"), ["one"]);
  },
);

onEveryServer("A service that listens again is found on the next connection", async ({ url }) => {
  await using running = await Running.start(url);
  await using client = await stranger(url);
  const { connection, service, stats } = running;
  stats.record(1);
  await connection.close({ timeout: 2_000 });
  await connection.connect();
  service.listen();
  await connection.flush({ clock: platformClock, timeout: 5_000 }, "flush");
  assertEquals(await ask(client, "$SRV.PING.orders"), PING);
  assertEquals(stats.requests, 0);
});

const locked: User = {
  user: "locked",
  password: "secret",
  permissions: { publish: ["open.>"], subscribe: ["open.>"] },
};

onEveryServer(
  "A server that does not permit $SRV keeps a service from being found, no more",
  async ({ url }) => {
    await using running = await Running.start(url, "one", locked);
    const { connection, errors, service } = running;
    await until("the server must refuse nine subjects", () => errors.length === 9);
    for (const error of errors) {
      assertInstanceOf(error, PermissionError);
      assertEquals(error.operation, "subscribe");
      assert(error.subject.startsWith("$SRV."), error.subject);
    }
    const { promise, resolve } = Promise.withResolvers<string>();
    const taker = { take: ({ subject }: { subject: string }) => resolve(subject), refused() {} };
    connection.subscribe("open.door", taker);
    const data = new Uint8Array(0);
    connection.publish({ subject: "open.door", replyTo: "", data, headerBlock: undefined });
    assertEquals(await promise, "open.door");
    service.listen();
    await until("the server must refuse them again", () => errors.length === 18);
  },
  { users: [locked] },
);
