import {
  consumer,
  type ConsumerOptions,
  jetstream,
  Retry,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Backend, onEveryJetStream, onNatsServer } from "../support/backends.ts";
import { failingOnce, ORDERS, orders, SOON } from "../support/jetstream/long_retries.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.12" };

/** A call of a handler. */
interface Given {
  readonly by: string;
  readonly id: string;
  readonly attempt: number;
  readonly at: number;
  readonly facts: unknown;
}

/** A broker with consumers whose handlers fail until a given attempt. */
function worker(server: Backend, seen: Given[]) {
  const broker = server.broker();
  const errors = errorsOf(broker);
  const add = (
    by: string,
    until: number,
    { of = orders, ...options }: ConsumerOptions & { of?: typeof orders } = {},
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
  "consumer() delivers a long retry only to the consumer that failed, as the same message",
  async (server) => {
    const seen: Given[] = [];
    const { broker, errors, add } = worker(server, seen);
    add("fails", 3);
    add("works", 1);
    add("all", 1, { of: orders, subject: "orders.*" });
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
      async () => (await js.lag({ stream: orders, name: "fails" })).total === 0,
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
    // no schedule is left, and no retry
    const { state } = await shop.stream("ORDERS");
    assertEquals(Object.keys(state.subjects!).some((each) => each.includes(".retry.")), false);
    assertEquals(errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() frees the place of a message that waits for a long retry",
  async (server) => {
    const seen: Given[] = [];
    const { broker, errors, add } = worker(server, seen);
    const retry = { ...SOON, backoff: "1h" } as const;
    add("work", 2, { retry, maxAckPending: 2 });
    await broker.start();
    const js = jetstream(broker);
    for (let id = 0; id < 10; id++) await js.publish(`orders.${id}`);
    await until("all have come once", () => seen.length === 10);
    const work = { stream: orders, name: "work" };
    await until("all wait", async () => {
      const { pending, unsettled, total } = await js.lag(work);
      return pending === 0 && unsettled === 10 && total === 10;
    });
    assertEquals((await Workshop.of(broker).consumer("ORDERS", "work")).num_ack_pending, 0);
    assertEquals((await js.info(work)).unsettled, 10);
    assertEquals(errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() of a work queue leaves nothing of a long retry once that is done",
  async (server) => {
    const jobs = workQueue("ORDERS", ORDERS);
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
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() makes a dead letter of the original message after the last of several long retries",
  async (server) => {
    const seen: Given[] = [];
    const { broker, add } = worker(server, seen);
    add("work", 99);
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.7", { total: 1 }, { headers: { kept: "yes" } });
    const dead = await js.deadLetters(orders, { follow: true }).next({ timeout: 10_000 });
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

onEveryJetStream(
  "consumer() refuses messages on its own subjects that it has not stored",
  async (server) => {
    const { broker, errors, attempts, shop, js } = await failingOnce(server, orders);
    const own = (token: string, headers: Record<string, string>) =>
      shop.store(`_SIGNALBOX.ORDERS.for.work.${token}.2`, "x", headers);
    const whole = {
      "Signalbox-Own-Seq": "1",
      "Signalbox-Own-Time": "1",
      "Signalbox-Own-Subject": "orders.9",
      "Signalbox-Own-Attempt": "2",
      "Signalbox-Own-Ack": "$JS.ACK.ORDERS.work.1.1.1.1000000.0",
    };
    await shop.store("_SIGNALBOX.ORDERS.for.work.plain.2", "x");
    await own("a", { ...whole, "Signalbox-Own-Ack": "orders.evil" });
    await own("b", { ...whole, "Signalbox-Own-Ack": "$JS.ACK.OTHER.work.1.1.1.1000000.0" });
    await own("c", { ...whole, "Signalbox-Own-Ack": "$JS.ACK.ORDERS.other.1.1.1.1000000.0" });
    await own("d", { ...whole, "Signalbox-Own-Head": "%%%" });
    await own("e", { ...whole, "Signalbox-Own-Attempt": "-1" });
    await own("f", { ...whole, "Signalbox-Own-Subject": "" });
    await own("g", whole);
    await until("the last one is handled", () => attempts.length === 1);
    assertEquals(attempts, ["orders.9 2"]);
    assertEquals(errors.length, 1);
    assertMatch(
      errors[0]!,
      /"_SIGNALBOX\.ORDERS\.for\.work\.plain\.2" as its headers must be those of a message that/,
    );
    const { total } = await until("nothing is left", async () => {
      const lag = await js.lag({ stream: orders, name: "work" });
      return lag.total === 0 && lag;
    });
    assertEquals(total, 0);
    await broker.stop();
  },
  NEEDS,
);

Deno.test("consumer() times long retries by the server's clock, whatever the local date is", async () => {
  const wallTime = Date.now;
  for (const hours of [-5, 5]) {
    await onNatsServer(async (server) => {
      try {
        Date.now = () => wallTime() + hours * 3_600_000;
        const { js, attempts } = await failingOnce(server, orders);
        const begun = performance.now();
        await js.publish("orders.7");
        await until("it comes", () => attempts.length === 2);
        assert(performance.now() - begun > 400, "too early");
      } finally {
        Date.now = wallTime;
      }
    }, { jetstream: true, since: "2.12" });
  }
});

Deno.test("consumer() refuses a scheduleFrom that is no duration", () => {
  for (const scheduleFrom of [0, -1, "soon", NaN]) {
    assertThrows(
      () => consumer(orders, "work", { retry: { scheduleFrom: scheduleFrom as never } }),
      TypeError,
      '"scheduleFrom" must be',
    );
  }
});
