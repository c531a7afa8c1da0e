import { assertEquals } from "@std/assert";
import { BusyMap } from "../../src/busy_map.ts";

/** So many additions that it has moved to new maps several times. */
const MANY = 10_000;

Deno.test("BusyMap keeps the entries that stay, in their order, while many others come and go", () => {
  const map = new BusyMap<number, string>();
  map.set(-1, "first");
  map.set(-2, "second");
  for (let at = 0; at < MANY; at++) {
    map.set(at, `value ${at}`);
    assertEquals(map.get(at), `value ${at}`);
    map.delete(at);
    assertEquals(map.has(at), false);
  }
  assertEquals([...map], [[-1, "first"], [-2, "second"]]);
  assertEquals([...map.keys()], [-1, -2]);
  assertEquals([...map.values()], ["first", "second"]);
});

Deno.test("BusyMap keeps all entries where none goes", () => {
  const map = new BusyMap<number, number>();
  for (let at = 0; at < MANY; at++) map.set(at, at);
  assertEquals(map.size, MANY);
  assertEquals([...map.keys()], Array.from({ length: MANY }, (_, at) => at));
});

Deno.test("BusyMap leaves out what is removed while it is read", () => {
  const map = new BusyMap<string, number>();
  for (const key of ["a", "b", "c"]) map.set(key, 1);
  const seen: string[] = [];
  for (const [key] of map) {
    seen.push(key);
    map.delete("b");
  }
  assertEquals(seen, ["a", "c"]);
});
