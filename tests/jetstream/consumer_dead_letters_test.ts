import { NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { consumer, jetstream, Reject, stream } from "../../src/jetstream/mod.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { aNumber } from "../support/schemas.ts";
import { runProgram } from "../support/program.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });

Deno.test("A message that kills its process as often as it may is a dead letter then, and the others are handled", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const shop = await Workshop.at({
    broker: () => new NatsBroker(server.url, { logger: false }),
  });
  await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
  for (const id of ["1", "killer", "2", "last"]) await shop.store(`orders.${id}`, id);
  const worker = new URL("../support/jetstream/killed_worker.ts", import.meta.url);
  const outputs: string[] = [];
  for (let at = 0; at < 3; at++) {
    const { output } = await runProgram(["-A"], worker, [server.url]);
    outputs.push(output.trim().replaceAll("\n", " "));
  }
  assertEquals(outputs[0], "1 killer");
  const all = outputs.flatMap((output) => output.split(" ")).filter((id) => id !== "");
  assertEquals(all.filter((id) => id === "killer").length, 2);
  assertEquals(all.filter((id) => id !== "killer"), ["1", "2", "last"]);
  const [letter] = await shop.letters("ORDERS_DEAD", 1);
  assertEquals(letter!.headers.get("Signalbox-Dead-Reason"), "lost");
  await shop.settled("ORDERS", "work");
  await shop.broker.stop();
});

Deno.test("A message whose dead letter cannot be stored comes again, until it can be", async () => {
  const broker = new NatsBroker(undefined, { logger: false });
  const errors = errorsOf(broker);
  let runs = 0;
  broker.subscriber(consumer(orders, "work", { retry: { attempts: 1 } }), () => {
    runs++;
    throw new Reject("no");
  });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const js = jetstream(broker);
  const shop = Workshop.of(broker);
  await shop.api.call("STREAM.DELETE.ORDERS_DEAD");
  await js.publish("orders.1", 1);
  await test.advance("5m");
  assertEquals(runs, 1);
  const { num_ack_pending } = await shop.consumer("ORDERS", "work");
  assertEquals(num_ack_pending, 1);
  assertStringIncludes(errors.join("\n"), "a stream must take this subject");
  await shop.api.call("STREAM.CREATE.ORDERS_DEAD", {
    name: "ORDERS_DEAD",
    subjects: ["ORDERS_DEAD.>"],
  });
  await test.advance("1m");
  const [letter] = await shop.letters("ORDERS_DEAD", 1);
  assertEquals(letter!.headers.get("Signalbox-Dead-Seq"), "1");
  assertEquals((await shop.consumer("ORDERS", "work")).num_ack_pending, 0);
});

Deno.test("A message of a batch that is unfit is kept until its dead letter is stored", async () => {
  const broker = new NatsBroker(undefined, { logger: false });
  const lists: unknown[] = [];
  const work = consumer(orders, "work", { batch: { max: 2, within: "1s" } });
  broker.subscriber(work, { schema: aNumber }, (messages) => {
    lists.push(messages.map(({ body }) => body));
  });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const shop = Workshop.of(broker);
  await shop.api.call("STREAM.DELETE.ORDERS_DEAD");
  await shop.store("orders.1", 1);
  await shop.store("orders.2", "text");
  await test.advance("5m");
  assertEquals(lists, [[1]]);
  assertEquals((await shop.consumer("ORDERS", "work")).num_ack_pending, 1);
  await shop.api.call("STREAM.CREATE.ORDERS_DEAD", {
    name: "ORDERS_DEAD",
    subjects: ["ORDERS_DEAD.>"],
  });
  await test.advance("1m");
  assertEquals((await shop.letters("ORDERS_DEAD", 1)).length, 1);
  assertEquals((await shop.consumer("ORDERS", "work")).num_ack_pending, 0);
});

Deno.test("A dead letter of a body as large as the server takes leaves out its stack and most of its error", async () => {
  const broker = new NatsBroker(undefined, { logger: false });
  broker.subscriber(consumer(orders, "work", { deadStacks: true }), () => {
    throw new Reject("x".repeat(900));
  });
  await using test = await TestBroker.start(broker, { maxPayload: 4_096 });
  const shop = Workshop.of(broker);
  await shop.store("orders.1", new Uint8Array(3_300));
  const [letter] = await shop.letters("ORDERS_DEAD", 1);
  assertEquals(letter!.body.length, 3_300);
  assertEquals(letter!.headers.get("Signalbox-Dead-Stack"), undefined);
  assertEquals(letter!.headers.get("Signalbox-Dead-Error"), "x".repeat(100));
  await shop.settled("ORDERS", "work");
  await test.stop();
});
