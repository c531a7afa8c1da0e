import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { runProgram } from "../support/program.ts";
import { Bank, createPipeline, orders, replayFailed, work } from "./order_pipeline.ts";

const SEEN = [
  "3: rejected, The customer has no such credit",
  "2: failed, The bank is closed",
  "given back: 2",
  "sent: 1,2, charged: 12,40",
];

onEveryJetStream(
  "The pipeline bills and sends each order once, over a closed bank",
  async (server) => {
    const lines: string[] = [];
    await work(server.url, (line) => lines.push(line));
    assertEquals(lines, SEEN);
  },
);

Deno.test("The pipeline is a program, too", async () => {
  const flags = ["--allow-net", "--allow-env=NATS_URL"];
  const program = new URL("order_pipeline.ts", import.meta.url);
  const { output, errors } = await runProgram(flags, program);
  assertEquals(output.trimEnd().split("\n"), SEEN, errors);
});

Deno.test("The pipeline gives an order back as often as the bank fails it, and bills it once", async () => {
  const bank = new Bank();
  const sent: string[] = [];
  const pipeline = createPipeline("tls://nats.example.com", bank, {
    send: (id) => void sent.push(id),
  });
  await using test = await TestBroker.start(pipeline.broker, { time: "moved" });
  bank.isOpen = false;
  await pipeline.place.publish({ id: "7" }, { item: "tea", total: 12 });
  for (const isOpen of [false, true]) {
    await test.advance("1m");
    bank.isOpen = isOpen;
    assertEquals(await replayFailed(pipeline), ["7"]);
    assertEquals(await replayFailed(pipeline), []);
  }
  await test.advance("1m");
  assertEquals([sent, [...bank.charged]], [["7"], [["7", 12]]]);
  const { messages } = await pipeline.js.info(orders);
  assertEquals(messages, 2);
});

Deno.test("The pipeline refuses what is no order, before it is stored", async () => {
  const pipeline = createPipeline("tls://nats.example.com", new Bank(), { send: () => {} });
  await using _test = await TestBroker.start(pipeline.broker);
  // deno-lint-ignore no-explicit-any
  const wrong = pipeline.place.publish({ id: "7" }, { item: "tea" } as any);
  const error = await wrong.then(() => undefined, (error) => error);
  assertEquals(error.name, "ValidationError");
  assertEquals((await pipeline.js.info(orders)).messages, 0);
});
