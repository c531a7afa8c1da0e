import { assertEquals, assertRejects } from "@std/assert";
import { NoStreamError } from "../../../src/jetstream/api/errors.ts";
import { Publication } from "../../../src/jetstream/publish/publication.ts";

const NONE = new NoStreamError("publish", "orders.1");
const HALF = 0.5;

function published(timeout: number): Publication {
  const parts = { subject: "orders.1", data: new Uint8Array(), headerBlock: undefined };
  return new Publication({ subject: "orders.1", parts, id: "a", timeout, signal: undefined }, 0);
}

Deno.test("Publication.refusedForNow() schedules a retry while a response can still come in time", () => {
  const dueAfter = (timeout: number, now: number) => {
    const publication = published(timeout);
    publication.refusedForNow(NONE, now, HALF);
    return publication.dueAt;
  };
  assertEquals(dueAfter(200, 100), 150);
  assertEquals(dueAfter(200, 101), Infinity);
  assertEquals(dueAfter(5_000, 4_450), 4_500);
  assertEquals(dueAfter(5_000, 4_451), Infinity);
});

Deno.test("Publication.giveUp() after the last retry says that no stream took it", async () => {
  const publication = published(200);
  publication.sentAs([], 0);
  publication.refusedForNow(NONE, 190, HALF);
  publication.giveUp(true, "it must be answered within 200 ms");
  assertEquals(await assertRejects(() => publication.promise), NONE);
});
