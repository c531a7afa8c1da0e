import { NatsBroker, RemoteError } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { runProgram } from "../support/program.ts";
import { createShop, trade, Warehouse } from "./shop.ts";

const SEEN = [
  '1: {"id":"1","customer":"Ada","left":4}',
  '2: 400 {"issues":[{"message":"must be a whole number above 0","path":["amount"]}]}',
  '3: 409 {"item":"tea","left":4}',
  'low: tea {"left":4}',
];

onEveryServer("The shop serves its customer over a network", async (server) => {
  const lines: string[] = [];
  await trade(server.url, (line) => lines.push(line));
  assertEquals(lines, SEEN);
});

Deno.test("The shop is a program, too", async () => {
  const flags = ["--allow-net", "--allow-env=NATS_URL"];
  const { output, errors } = await runProgram(flags, new URL("shop.ts", import.meta.url));
  assertEquals(output.trimEnd().split("\n"), SEEN, errors);
});

Deno.test("The shop replies, and publishes the receipt with the header of its branch", async () => {
  await using warehouse = await Warehouse.open({ tea: 12 });
  const shop = createShop("tls://nats.example.com", warehouse);
  const receipts: unknown[] = [];
  const placed = shop.subscriber("orders.{id}.placed", { noReply: true }, (message) => {
    receipts.push([message.params.id, message.body, message.headers.get("x-branch")]);
  });
  await using _test = await TestBroker.start(shop);

  const receipt = { id: "7", customer: "somebody", left: 10 };
  const reply = await shop.request("orders.7.place", { item: "tea", amount: 2 });
  assertEquals([reply.body, reply.headers.get("x-branch")], [receipt, "north"]);
  await placed.received();
  assertEquals(receipts, [["7", receipt, "north"]]);
});

Deno.test("The shop publishes what is low, once it is", async () => {
  await using warehouse = await Warehouse.open({ tea: 8 });
  const shop = createShop("tls://nats.example.com", warehouse);
  await using test = await TestBroker.start(shop);

  for (const id of ["1", "2"]) await shop.request(`orders.${id}.place`, { item: "tea", amount: 3 });
  const low = await test.published("orders.low.{item}");
  assertEquals(low.map(({ params, body }) => [params.item, body]), [["tea", { left: 2 }]]);
});

Deno.test("The shop takes nothing out of the warehouse for an order that is none", async () => {
  await using warehouse = await Warehouse.open({ tea: 12 });
  const shop = createShop("tls://nats.example.com", warehouse);
  await using _test = await TestBroker.start(shop);

  const wrong = () => shop.request("orders.7.place", { item: 7, amount: "two" });
  const error = await assertRejects(wrong, RemoteError);
  assertEquals(error.code, 400);
  assertEquals((error.data as { issues: unknown[] }).issues.length, 2);
  assertEquals(warehouse.count("tea"), 12);
});

Deno.test("The shop closes its warehouse after the last message", async () => {
  const open = await Warehouse.open({ tea: 12 });
  {
    const shop = createShop("tls://nats.example.com", open);
    const customer = new NatsBroker("tls://nats.example.com", { logger: false });
    await using _test = await TestBroker.start([shop, customer]);
    await customer.publish("orders.7.place", { item: "tea", amount: 2 });
    await customer.flush();
  }
  assert(!open.isOpen);
  assertEquals(open.count("tea"), 10);
});
