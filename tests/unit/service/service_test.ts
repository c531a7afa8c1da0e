import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import type { MessageSink } from "../../../src/connection/connection.ts";
import { EventFeed } from "../../../src/events.ts";
import type { EncodedMessage } from "../../../src/message/encoded_message.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";
import { type Endpoint, EndpointStats } from "../../../src/service/endpoint.ts";
import { Service } from "../../../src/service/service.ts";

const NOON = "2026-01-02T12:00:00.000Z";
const options = { name: "orders", version: "1.0.0", id: "one" };

class FakeConnection {
  readonly takers = new Map<string, MessageSink>();
  readonly queues = new Set<string | undefined>();
  readonly published: EncodedMessage[] = [];
  readonly hasHeaders: boolean = true;

  readonly maxPayload = 1_048_576;
  room(): undefined {}

  publish(outgoing: EncodedMessage): boolean {
    return this.published.push(outgoing) > 0;
  }

  subscribe(subject: string, taker: MessageSink, queue?: string) {
    this.takers.set(subject, taker);
    this.queues.add(queue);
    const unsubscribe = () => void this.takers.delete(subject);
    return { unsubscribe, drain: () => Promise.resolve(unsubscribe()) };
  }

  /** What is answered to a question on this subject. */
  ask(subject: string, replyTo = "answer"): unknown {
    const data = new Uint8Array(0);
    this.takers.get(subject)!.take({ subject, replyTo, data, headerBlock: undefined });
    const answer = this.published.pop();
    return answer && JSON.parse(new TextDecoder().decode(answer.data));
  }
}

function endpoint(stats = new EndpointStats(), queueGroup = "q"): Endpoint {
  return { name: "orders-id", subject: "orders.*", queueGroup, metadata: { a: "b" }, stats };
}

function made(endpoints: Endpoint[] = [], more = {}) {
  const connection = new FakeConnection();
  const feed = new EventFeed();
  const service = new Service(
    { clock: platformClock, connection, feed, addresses: new ReplyAddresses("_INBOX", undefined) },
    { ...options, ...more },
    () => endpoints,
  );
  return { connection, feed, service };
}

const SUBJECTS = ["PING", "INFO", "STATS"].flatMap((verb) => [
  `$SRV.${verb}`,
  `$SRV.${verb}.orders`,
  `$SRV.${verb}.orders.one`,
]);

Deno.test("A service listens to its nine subjects, in no queue group, once however often it is told", () => {
  const { connection, service } = made();
  assertEquals([...connection.takers.keys()], []);
  service.listen();
  const takers = [...connection.takers.values()];
  service.listen();
  assertEquals([...connection.takers.keys()], SUBJECTS);
  assertEquals([...connection.takers.values()], takers);
  assertEquals(connection.queues, new Set([undefined]));
});

Deno.test("PING, INFO and STATS are answered to the letter", () => {
  using _time = new FakeTime(NOON);
  const stats = new EndpointStats();
  const more = { description: "Takes orders", metadata: { region: "eu" } };
  const { connection, service } = made([endpoint(stats)], more);
  service.listen();
  stats.record(3);
  stats.record(1, { code: 404 });
  const who = { name: "orders", id: "one", version: "1.0.0", metadata: { region: "eu" } };
  const where = { name: "orders-id", subject: "orders.*", queue_group: "q" };
  const counted = {
    num_requests: 2,
    num_errors: 1,
    last_error: "404:Not found",
    processing_time: 4_000_000,
    average_processing_time: 2_000_000,
  };
  const answers: Record<string, unknown> = {
    PING: { type: "io.nats.micro.v1.ping_response", ...who },
    INFO: {
      type: "io.nats.micro.v1.info_response",
      ...who,
      description: "Takes orders",
      endpoints: [{ ...where, metadata: { a: "b" } }],
    },
    STATS: {
      type: "io.nats.micro.v1.stats_response",
      ...who,
      started: NOON,
      endpoints: [{ ...where, ...counted }],
    },
  };
  for (const subject of SUBJECTS) {
    assertEquals(connection.ask(subject), answers[subject.split(".")[1]!], subject);
  }
});

Deno.test("What nobody said is there all the same, but for an error that never was", () => {
  using _time = new FakeTime(NOON);
  const { connection, service } = made([endpoint(new EndpointStats(), "")]);
  service.listen();
  const info = connection.ask("$SRV.INFO") as Record<string, unknown>;
  assertEquals([info.description, info.metadata], ["", {}]);
  assertEquals((connection.ask("$SRV.STATS") as { endpoints: unknown }).endpoints, [{
    name: "orders-id",
    subject: "orders.*",
    queue_group: "",
    num_requests: 0,
    num_errors: 0,
    processing_time: 0,
    average_processing_time: 0,
  }]);
});

Deno.test("An answer goes where it is wanted, with a correlation id; nowhere if nowhere is wanted", () => {
  const { connection, service } = made();
  service.listen();
  assertEquals(connection.ask("$SRV.PING", ""), undefined);
  const data = new Uint8Array(0);
  const question = { subject: "$SRV.PING", replyTo: "_INBOX.x", data, headerBlock: undefined };
  connection.takers.get("$SRV.PING")!.take(question);
  const { subject, replyTo, headerBlock } = connection.published[0]!;
  assertEquals([subject, replyTo], ["_INBOX.x", ""]);
  const block = new TextDecoder().decode(headerBlock);
  assertMatch(block, /^NATS\/1\.0\r\ncorrelation_id:[ ]?[0-9A-Za-z]{22}\r\n\r\n$/);
});

Deno.test("Endpoints that come later are told, too", () => {
  const endpoints: Endpoint[] = [];
  const { connection, service } = made(endpoints);
  service.listen();
  endpoints.push(endpoint());
  const info = connection.ask("$SRV.INFO") as { endpoints: unknown[] };
  assertEquals(info.endpoints.length, 1);
});

Deno.test("A service that left hears nothing; if it listens again, it counts from nothing", async () => {
  using time = new FakeTime(NOON);
  const stats = new EndpointStats();
  const { connection, service } = made([endpoint(stats)]);
  service.listen();
  stats.record(1);
  service.listen();
  assertEquals(stats.requests, 1);
  await service.drain();
  assertEquals(connection.takers.size, 0);
  time.tick(1_000);
  service.listen();
  assertEquals([...connection.takers.keys()], SUBJECTS);
  assertEquals(stats.requests, 0);
  assertEquals(service.started, "2026-01-02T12:00:01.000Z");
  assertEquals(service.id, "one");
});

Deno.test("reset() counts from nothing, from now on", () => {
  using time = new FakeTime(NOON);
  const stats = new EndpointStats();
  const { service } = made([endpoint(stats)]);
  stats.record(1);
  time.tick(5);
  service.reset();
  assertEquals([stats.requests, service.started], [0, "2026-01-02T12:00:00.005Z"]);
});

Deno.test("A subject that was refused is asked for again the next time, the others are not", () => {
  const { connection, service } = made();
  service.listen();
  const before = new Map(connection.takers);
  connection.takers.get("$SRV.PING")!.refused(new Error("no"));
  service.listen();
  const again = [...connection.takers].filter(([subject, taker]) => before.get(subject) !== taker);
  assertEquals(again.map(([subject]) => subject), ["$SRV.PING"]);
  before.get("$SRV.PING")!.refused(new Error("late"));
  service.listen();
  assertEquals(connection.takers.get("$SRV.PING"), again[0]![1]);
});

Deno.test("Subscriptions go with their connection, and are made anew on the next", () => {
  const { connection, feed, service } = made();
  service.listen();
  connection.takers.clear();
  feed.emit({ type: "disconnected", server: "x", unconfirmed: 0 });
  service.listen();
  assertEquals(connection.takers.size, 0);
  feed.emit({ type: "closed", error: undefined });
  service.listen();
  assertEquals([...connection.takers.keys()], SUBJECTS);
});

Deno.test("Wrong options are refused when the service is made", () => {
  const { message } = assertThrows(() => made([], { name: "a b" }), TypeError);
  assertMatch(message, /^Cannot make a service as "name" must be /);
});
