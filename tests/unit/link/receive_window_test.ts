import { assertEquals, assertStrictEquals } from "@std/assert";
import { ReceiveWindow } from "../../../src/link/machine/receive_window.ts";

const inflow = (messages = 4, bytes = 100) => new ReceiveWindow({ messages, bytes });

Deno.test("ReceiveWindow takes frames in order, each once", () => {
  const flow = inflow();
  const arrivals = [1, 1, 3, 2, 1, 2, 3].map((number) => flow.arrive(number, 1, false));
  assertEquals(arrivals, ["next", "again", "early", "next", "again", "again", "next"]);
  assertStrictEquals(flow.received, 3);
});

Deno.test("ReceiveWindow finds a frame beyond the window in frames, though it be early too", () => {
  const flow = inflow(2);
  assertEquals([flow.arrive(2, 1, false), flow.arrive(3, 1, false)], ["early", "beyond"]);
  assertStrictEquals(flow.arrive(1e15, 1, false), "beyond");
});

Deno.test("ReceiveWindow finds a frame beyond the window in bytes; the one that fills it is not", () => {
  const flow = inflow(4, 10);
  assertEquals(flow.arrive(1, 9, false), "next");
  assertEquals(flow.arrive(2, 1_000, false), "next");
  assertEquals(flow.arrive(3, 0, false), "beyond");
  flow.read(9);
  assertEquals(flow.arrive(3, 0, false), "beyond");
  flow.read(1_000);
  assertEquals(flow.arrive(3, 0, false), "next");
});

Deno.test("ReceiveWindow has no room once its bytes are filled to the last", () => {
  const flow = inflow(4, 10);
  assertEquals([flow.arrive(1, 10, false), flow.arrive(2, 0, false)], ["next", "beyond"]);
});

Deno.test("ReceiveWindow has room for an end at any time, in its place", () => {
  const flow = inflow(1, 1);
  flow.arrive(1, 5, false);
  assertEquals([flow.arrive(99, 0, true), flow.arrive(2, 0, true)], ["early", "next"]);
});

Deno.test("ReceiveWindow moves its window as frames are read, not as they come", () => {
  const flow = inflow();
  flow.arrive(1, 30, false);
  assertEquals([flow.frames, flow.room], [4, 100]);
  flow.read(30);
  assertEquals([flow.frames, flow.room], [5, 130]);
});

Deno.test("ReceiveWindow.isCreditDue is for half of the window in frames since it was told", () => {
  const flow = inflow(4, 1_000);
  flow.read(0);
  assertStrictEquals(flow.isCreditDue, false);
  flow.read(0);
  assertStrictEquals(flow.isCreditDue, true);
  flow.told();
  assertStrictEquals(flow.isCreditDue, false);
});

Deno.test("ReceiveWindow.isCreditDue is for half of the window in bytes, too", () => {
  const flow = inflow(1_000, 100);
  flow.read(49);
  assertStrictEquals(flow.isCreditDue, false);
  flow.read(1);
  assertStrictEquals(flow.isCreditDue, true);
});

Deno.test("ReceiveWindow.isCreditDue is for each frame where the window has but one", () => {
  const flow = inflow(1, 1_000);
  flow.read(0);
  assertStrictEquals(flow.isCreditDue, true);
});

Deno.test("ReceiveWindow.isNews is for what came and was not told", () => {
  const flow = inflow();
  assertStrictEquals(flow.isNews, false);
  flow.arrive(1, 1, false);
  assertStrictEquals(flow.isNews, true);
  flow.told();
  flow.arrive(1, 1, false);
  assertStrictEquals(flow.isNews, false);
});

Deno.test("ReceiveWindow.ask() asks once for what is missing, until the next in order comes", () => {
  const flow = inflow();
  assertEquals([flow.ask(), flow.ask()], [true, false]);
  flow.arrive(3, 1, false);
  assertStrictEquals(flow.ask(), false);
  flow.arrive(1, 1, false);
  assertEquals([flow.ask(), flow.ask()], [true, false]);
});
