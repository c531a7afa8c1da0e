import { assert, assertEquals } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { started } from "../support/jetstream/started.ts";
import { heldMemory } from "../support/memory.ts";
import { OrderedRead } from "../support/jetstream/internals.ts";

const MIB = 2 ** 20;

Deno.test("OrderedRead holds a few megabytes of a stream of 100, however slow its reader is", () =>
  onNatsServer(async (server) => {
    const test = await started(server);
    await test.create({ name: "A", subjects: ["a"], storage: "file" });
    const body = new Uint8Array(100_000);
    const count = 1_000;
    for (let i = 0; i < count; i++) await test.access.request("a", body);
    for (const maxBytes of [MIB, 4 * MIB]) {
      const before = heldMemory();
      const read = new OrderedRead(test.api, { stream: "A", maxBytes });
      for (let i = 0; i < 30; i++) {
        assertEquals((await read.next())?.data.length, body.length);
        await delay(10);
      }
      const used = heldMemory() - before;
      assert(used < 2 * maxBytes + 4 * MIB, `${Math.round(used / MIB)} MiB are held`);
      await read.close();
    }
  }, { jetstream: true }));
