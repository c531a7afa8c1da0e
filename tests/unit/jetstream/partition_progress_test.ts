import { assertEquals } from "@std/assert";
import { Progress } from "../../../src/jetstream/consumer/partitions/progress.ts";

Deno.test("Progress knows the first message that may not be settled once it knows each partition", () => {
  const progress = new Progress(3);
  progress.delivered(0, 4);
  progress.delivered(1, 7);
  assertEquals(progress.next, undefined);
  progress.delivered(2, 5);
  assertEquals(progress.next, 4);
  progress.delivered(0, 9);
  assertEquals(progress.next, 5);
});

Deno.test("Progress does not go back when messages are delivered again", () => {
  const progress = new Progress(1);
  for (const seq of [4, 9, 5]) progress.delivered(0, seq);
  assertEquals(progress.next, 9);
});

Deno.test("Progress takes an empty partition as settled up to what was seen a look before", () => {
  const progress = new Progress(2);
  progress.emptied(1);
  progress.delivered(0, 4);
  progress.emptied(1);
  assertEquals(progress.next, undefined);
  progress.delivered(0, 8);
  progress.emptied(1);
  assertEquals(progress.next, 5);
  progress.emptied(1);
  assertEquals(progress.next, 8);
});
