import { assertEquals } from "@std/assert";
import { EventFeed } from "../../../src/events.ts";
import { LINK_COST, LinkMemory } from "../../../src/link/ends/link_memory.ts";
import { MemoryBudget } from "../../../src/link/limits.ts";

/** Somebody who holds, and notes being ended. */
class Stand {
  isOver = false;
  isOutgrown = false;
  outgrown() {
    this.isOutgrown = true;
  }
}

Deno.test("MemoryBudget ends whoever holds the most once all together is too much", () => {
  const held = new MemoryBudget(100);
  const [small, large] = [new Stand(), new Stand()];
  const [ofSmall, ofLarge] = [held.open(10, small), held.open(10, large)];
  ofLarge.set(60);
  ofSmall.set(40);
  assertEquals([held.bytes, small.isOutgrown, large.isOutgrown], [100, false, false]);
  ofSmall.set(41);
  assertEquals([held.bytes, small.isOutgrown, large.isOutgrown], [41, false, true]);
  ofLarge.set(500);
  assertEquals(held.bytes, 41, "what has been ended counts no longer");
  ofSmall.set(101);
  assertEquals([held.bytes, small.isOutgrown], [0, true]);
});

Deno.test("MemoryBudget ends what is over before what is at work", () => {
  const held = new MemoryBudget(100);
  const [over, large] = [new Stand(), new Stand()];
  over.isOver = true;
  held.open(10, over);
  held.open(90, large).set(91);
  assertEquals([held.bytes, over.isOutgrown, large.isOutgrown], [91, true, false]);
});

Deno.test("MemoryBudget.makeRoom() ends those that hold more than whoever asks would, and nobody else", () => {
  const held = new MemoryBudget(100);
  const stands = [20, 30, 50].map((bytes) => {
    const stand = new Stand();
    return { stand, holding: held.open(bytes, stand) };
  });
  const ended = () => stands.map(({ stand }) => stand.isOutgrown);
  assertEquals([held.makeRoom(31, stands[0]!.holding), ended()], [false, [false, false, false]]);
  assertEquals([held.makeRoom(29, stands[0]!.holding), ended()], [true, [false, false, true]]);
  assertEquals([held.makeRoom(101), held.makeRoom(50)], [false, true]);
});

Deno.test("MemoryBudget.forget() counts no longer, and what cannot be ended stays", () => {
  const held = new MemoryBudget(100);
  const fixed = held.open(60);
  const holding = held.open(40, new Stand());
  held.forget(holding);
  assertEquals([held.bytes, held.makeRoom(41)], [60, false]);
  held.forget(fixed);
  assertEquals([held.bytes, held.makeRoom(100)], [0, true]);
});

Deno.test("MemoryBudget.mayFix() gives half of all to what cannot be ended, and ends the largest for it", () => {
  const held = new MemoryBudget(100);
  const large = new Stand();
  const fixed = held.open(30);
  held.open(60, large);
  assertEquals([held.mayFix(21), large.isOutgrown], [false, false]);
  assertEquals([held.mayFix(20), large.isOutgrown], [true, true]);
  held.forget(fixed);
  held.forget(fixed);
  assertEquals([held.bytes, held.mayFix(50), held.mayFix(51)], [0, true, false]);
});

Deno.test("LinkMemory.free() counts off what was read, as adding all up would", () => {
  const held = new MemoryBudget(1_000_000);
  const owner = { subject: "a", correlationId: "b", held: 0, outgrown: () => {} };
  const out = { keptBytes: 0, keptFrames: 0 };
  const machine = { state: "open", out } as unknown as ConstructorParameters<typeof LinkMemory>[2];
  const memory = new LinkMemory(held, new EventFeed(), machine, owner);
  owner.held = 5_000;
  memory.count();
  owner.held -= 3_000;
  memory.free(3_000);
  assertEquals([memory.bytes, held.bytes], [LINK_COST + 2_000, LINK_COST + 2_000]);
  memory.count();
  assertEquals(held.bytes, LINK_COST + 2_000);
});
