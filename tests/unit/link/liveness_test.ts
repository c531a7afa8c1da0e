import { assertEquals, assertStrictEquals } from "@std/assert";
import { Liveness } from "../../../src/link/machine/liveness.ts";
import type { LinkSettings } from "../../../src/link/link_options.ts";
import { SETTINGS } from "./machine_stage.ts";

const QUIET = { isPaused: false, isWaiting: false };
const WAITING = { isPaused: false, isWaiting: true };
const PAUSED = { isPaused: true, isWaiting: false };

function liveness(settings: Partial<LinkSettings> = {}): Liveness {
  return new Liveness({ ...SETTINGS, idleTimeout: Infinity, ...settings }, 0);
}

/** Answers each probe at once, and notes how long each silence was. */
function silences(one: Liveness, circumstances = QUIET, count = 7): number[] {
  let last = 0;
  return Array.from({ length: count }, () => {
    const now = one.due(circumstances);
    one.probed(now);
    one.heard(now);
    const silence = now - last;
    last = now;
    return silence;
  });
}

Deno.test("Liveness probes after 400 ms, and then each time later, up to keepAlive", () => {
  assertEquals(silences(liveness()), [400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

Deno.test("Liveness probes each second at least while there is something to acknowledge", () => {
  assertEquals(silences(liveness(), WAITING, 4), [400, 800, 1_000, 1_000]);
});

Deno.test("Liveness probes no later than a short keepAlive says", () => {
  assertEquals(silences(liveness({ keepAlive: 100 }), QUIET, 3), [100, 100, 100]);
});

Deno.test("Liveness hurries where the other side must hear from us, but never below 400 ms", () => {
  const one = liveness();
  one.capKeepAlive(2_000);
  assertEquals(silences(one), [400, 800, 1_600, 2_000, 2_000, 2_000, 2_000]);
  const other = liveness();
  other.capKeepAlive(1);
  other.capKeepAlive(5_000);
  assertEquals(silences(other, QUIET, 3), [400, 400, 400]);
});

Deno.test("Liveness begins again with short silences when a message goes", () => {
  const one = liveness();
  silences(one);
  one.heard(50_000);
  one.used(50_000);
  assertStrictEquals(one.due(QUIET), 50_400);
});

Deno.test("Liveness lets a probe be answered within a second, and asks once", () => {
  const one = liveness();
  one.probed(400);
  assertEquals([one.overdue(1_399, QUIET), one.due(QUIET)], [undefined, 1_400]);
  one.probed(1_000);
  assertStrictEquals(one.overdue(1_400, QUIET), "pause");
});

Deno.test("Liveness of a paused side asks after 100 ms, then each time later, up to 2 s", () => {
  const one = liveness({ resumeTimeout: 60_000 });
  one.heard(0);
  one.paused(0);
  const waits: number[] = [];
  for (let now = 0, at = 0; at < 7; at++) {
    const due = one.due(PAUSED);
    assertEquals([one.overdue(due - 1, PAUSED), one.overdue(due, PAUSED)], [undefined, "probe"]);
    one.probed(due);
    waits.push(due - now);
    now = due;
  }
  assertEquals(waits, [100, 100, 200, 400, 800, 1_600, 2_000]);
});

Deno.test("Liveness gives up after resumeTimeout, counted from the first pause", () => {
  const one = liveness();
  one.heard(0);
  one.paused(1_000);
  one.paused(3_000);
  assertEquals([one.overdue(5_999, PAUSED), one.overdue(6_000, PAUSED)], ["probe", "gone"]);
});

Deno.test("Liveness counts anew after a side was heard", () => {
  const one = liveness();
  one.paused(0);
  one.heard(4_000);
  one.paused(4_500);
  assertEquals([one.overdue(9_000, PAUSED), one.overdue(9_500, PAUSED)], ["probe", "gone"]);
});

Deno.test("Liveness gives a side that was never heard 5 s, or resumeTimeout where that is shorter", () => {
  for (const [resumeTimeout, patience] of [[30_000, 5_000], [2_000, 2_000]] as const) {
    const one = liveness({ resumeTimeout });
    assertStrictEquals(one.isMet, false);
    one.paused(0);
    assertEquals(
      [one.overdue(patience - 1, PAUSED), one.overdue(patience, PAUSED)],
      ["probe", "gone"],
    );
  }
});

Deno.test("Liveness is idle by messages alone, and says so before all else", () => {
  const one = liveness({ idleTimeout: 1_000 });
  one.used(500);
  one.heard(1_400);
  one.paused(1_400);
  assertStrictEquals(one.due(PAUSED), 1_500);
  assertEquals(["idle", "idle"], [one.overdue(1_500, PAUSED), one.overdue(1_500, QUIET)]);
  assertStrictEquals(one.overdue(1_499, PAUSED), undefined);
});
