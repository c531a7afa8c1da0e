import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionGate } from "../../../src/connection/dial_loop.ts";

Deno.test("ConnectionGate resolves for whoever waits, until the connection goes again", async () => {
  const comeback = new ConnectionGate();
  const told: string[] = [];
  const first = comeback.awaited.then(() => told.push("first"));
  comeback.come();
  await first;
  await comeback.awaited;
  comeback.go();
  const second = comeback.awaited.then(() => told.push("second"));
  await Promise.resolve();
  assertEquals(told, ["first"]);
  comeback.come();
  await second;
  assertEquals(told, ["first", "second"]);
});

Deno.test("ConnectionGate.fail() rejects for whoever waits, and for nobody after", async () => {
  const comeback = new ConnectionGate();
  const waiting = comeback.awaited;
  comeback.fail(new Error("closed"));
  await assertRejects(() => waiting, Error, "closed");
  const next = comeback.awaited;
  comeback.come();
  await next;
});
