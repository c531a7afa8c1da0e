import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionGate } from "../../../src/connection/dial_loop.ts";

Deno.test("ConnectionGate resolves for whoever waits, until the connection goes again", async () => {
  const gate = new ConnectionGate();
  const told: string[] = [];
  const first = gate.whenOpen.then(() => told.push("first"));
  gate.open();
  await first;
  await gate.whenOpen;
  gate.shut();
  const second = gate.whenOpen.then(() => told.push("second"));
  await Promise.resolve();
  assertEquals(told, ["first"]);
  gate.open();
  await second;
  assertEquals(told, ["first", "second"]);
});

Deno.test("ConnectionGate.fail() rejects for whoever waits, and for nobody after", async () => {
  const gate = new ConnectionGate();
  const waiting = gate.whenOpen;
  gate.fail(new Error("closed"));
  await assertRejects(() => waiting, Error, "closed");
  const next = gate.whenOpen;
  gate.open();
  await next;
});
