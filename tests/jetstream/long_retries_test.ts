import {
  consumer,
  type ConsumerOptions,
  jetstream,
  Retry,
  stream,
  type StreamOptions,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.12" };

const orders = (options: StreamOptions<"orders.{id}"> = {}) =>
  stream("ORDERS", {
    subjects: ["orders.{id}"],
    allowMsgSchedules: true,
    declare: "create",
    ...options,
  });

/** Waits as long as a schedule that comes soon. */
const SOON = { attempts: 3, backoff: "500ms", jitter: 0, scheduleFrom: "100ms" } as const;

/** What a handler was given. */
interface Given {
  readonly by: string;
  readonly id: string;
  readonly attempt: number;
  readonly at: number;
  readonly facts: unknown;
}

/** A broker whose consumers fail at each attempt below this one; `retry` says how they wait. */
function worker(server: Backend, seen: Given[]) {
  const broker = server.broker();
  const errors = errorsOf(broker);
  const add = (
    by: string,
    until: number,
    { of = orders(), ...options }: ConsumerOptions & { of?: ReturnType<typeof orders> } = {},
  ) =>
    broker.subscriber(
      consumer(of, by, { retry: SOON, ...options } as ConsumerOptions),
      ({ subject, params, body, headers, delivery }) => {
        const { id, seq, attempt, time, stream, consumer } = delivery;
        const facts = {
          ...{ subject, params: { ...params }, body, id, seq, time, stream, consumer },
          kept: headers.get("kept"),
          messageId: headers.get("Nats-Msg-Id"),
        };
        seen.push({ by, id, attempt, at: performance.now(), facts });
        if (attempt < until) throw new Retry();
      },
    );
  return { broker, errors, add };
}

onEveryJetStream(
  "A long retry reaches only the consumer that failed, as the message that it was",
  async (server) => {
    const seen: Given[] = [];
    const { broker, errors, add } = worker(server, seen);
    add("fails", 3);
    add("works", 1);
    add("all", 1, { of: orders(), subject: "orders.*" });
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.7", { total: 1 }, { id: "order-7", headers: { kept: "yes" } });
    await until(
      "the third attempt has come",
      () => seen.filter(({ by }) => by === "fails").length === 3,
    );
    const shop = Workshop.of(broker);
    await until(
      "nothing is left",
      async () => (await js.lag({ stream: orders(), name: "fails" })).total === 0,
    );
    const fails = seen.filter(({ by }) => by === "fails");
    assertEquals(
      fails.map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    assertEquals(fails[1]!.facts, fails[0]!.facts);
    assertEquals(fails[2]!.facts, fails[0]!.facts);
    assertEquals(fails[0]!.facts as { kept: string; messageId: string }, {
      ...fails[0]!.facts as object,
      kept: "yes",
      messageId: "order-7",
    } as never);
    assert(fails[1]!.at - fails[0]!.at > 400 && fails[2]!.at - fails[1]!.at > 400);
    assertEquals(
      seen.filter(({ by }) => by !== "fails").map(({ by, attempt }) => [by, attempt]).sort(),
      [
        ["all", 1],
        ["works", 1],
      ],
    );
    // no schedule is left, and what was given back is done
    const { state } = await shop.stream("ORDERS");
    assertEquals(Object.keys(state.subjects!).some((each) => each.includes(".retry.")), false);
    assertEquals(errors, []);
  },
  NEEDS,
);

onEveryJetStream("A message that waits for a long retry holds no place", async (server) => {
  const seen: Given[] = [];
  const { broker, errors, add } = worker(server, seen);
  const retry = { ...SOON, backoff: "1h" } as const;
  add("work", 2, { retry, maxAckPending: 2 });
  await broker.start();
  const js = jetstream(broker);
  for (let id = 0; id < 10; id++) await js.publish(`orders.${id}`);
  await until("all have come once", () => seen.length === 10);
  const work = { stream: orders(), name: "work" };
  await until("all wait", async () => {
    const { pending, unsettled, total } = await js.lag(work);
    return pending === 0 && unsettled === 10 && total === 10;
  });
  assertEquals((await Workshop.of(broker).consumer("ORDERS", "work")).num_ack_pending, 0);
  assertEquals((await js.info(work)).unsettled, 10);
  assertEquals(errors, []);
}, NEEDS);

onEveryJetStream("A work queue's long retry is gone once it is done", async (server) => {
  const jobs = workQueue("ORDERS", {
    subjects: ["orders.{id}"],
    allowMsgSchedules: true,
    declare: "create",
  });
  const seen: Given[] = [];
  const { broker, errors, add } = worker(server, seen);
  add("work", 2, { of: jobs });
  await broker.start();
  const js = jetstream(broker);
  const one = await js.publish("orders.1", "one");
  const two = await js.publish("orders.2", "two");
  await until("both have come twice", () => seen.length === 4);
  await until("the queue is empty", async () => (await js.info("ORDERS")).messages === 0);
  assertEquals(seen.map(({ id, attempt }) => `${id} ${attempt}`).sort(), [
    ...[`ORDERS:${one.seq} 1`, `ORDERS:${one.seq} 2`],
    ...[`ORDERS:${two.seq} 1`, `ORDERS:${two.seq} 2`],
  ]);
  assertEquals(errors, []);
}, NEEDS);

onEveryJetStream(
  "A dead letter comes after the last of several long retries, with what the message was at first",
  async (server) => {
    const seen: Given[] = [];
    const { broker, add } = worker(server, seen);
    add("work", 99);
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.7", { total: 1 }, { headers: { kept: "yes" } });
    const dead = await js.deadLetters(orders(), { follow: true }).next({ timeout: 10_000 });
    assertEquals(seen.map(({ attempt }) => attempt), [1, 2, 3]);
    const { subject, body, attempts, reason, seq, time, consumer: by, headers } = dead!;
    assertEquals([subject, body, attempts, reason, by], [
      "orders.7",
      { total: 1 },
      3,
      "failed",
      "work",
    ]);
    assertEquals([seq, headers.get("kept")], [1, "yes"]);
    assertEquals(time, (seen[0]!.facts as { time: Date }).time);
    assertEquals((await js.info("ORDERS_DEAD")).messages, 1);
  },
  NEEDS,
);
