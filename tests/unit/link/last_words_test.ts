import { assert, assertEquals } from "@std/assert";
import { COMPLETE } from "../../../src/link/frames/control_frames.ts";
import type { LinkEnd } from "../../../src/link/link_error.ts";
import type { LinkSettings, ResponseLimit } from "../../../src/link/link_options.ts";
import { pick, type Random, seeded } from "../seeded_random.ts";
import { Pair } from "./machine_pair.ts";
import type { Side } from "./machine_side.ts";
import { FAILED } from "./machine_stage.ts";

const SEEDS = 1_000;
/** Simulated milliseconds within which each side says its last word, and the longest that a message takes. */
const SPREAD = 24;
const LATENCY = 8;
const LONG = 5_000;
const ALLOWANCES: readonly (ResponseLimit | undefined)[] = [
  undefined,
  undefined,
  { max: 1, expires: 120_000 },
  { max: 4, expires: 120_000 },
];

/** How one side comes to its end, by what its program does, and what it is told for it where the other has no say. */
const WORDS: Readonly<Record<string, readonly [LinkEnd | undefined, (side: Side) => void]>> = {
  "end()": [undefined, (side) => side.give("e", 0)],
  "close() or return": [undefined, (side) => side.close(COMPLETE)],
  "throw": ["error", (side) => side.close(FAILED)],
  "abort() or leaving the loop": ["cancelled", abort("cancelled")],
  "deadline": ["deadline", abort("deadline")],
  "stop of the broker": ["shutting-down", (side) => {
    side.machine.drain(side.pair.now);
    abort("shutting-down")(side);
  }],
};

function abort(reason: LinkEnd): (side: Side) => void {
  return ({ machine, pair }) => machine.abort({ reason }, pair.now);
}

const settings: LinkSettings = {
  window: { messages: 8, bytes: 1_000 },
  maxUnacknowledged: { messages: 1_024, bytes: 1_048_576 },
  maxMessage: 1_000,
  keepAlive: 10_000,
  resumeTimeout: 30_000,
  idleTimeout: Infinity,
};

/** What the program of one side does, and when. */
type Plan = { readonly at: number; readonly act: (side: Side) => void }[];

/** Some bodies, and one or more last words. */
function planOf(random: Random, words: readonly string[]): Plan {
  const until = random(SPREAD);
  // some go out together, with what comes next
  const body = { act: (side: Side) => side.give("t", 1 + random(9), random(2) === 0) };
  const bodies = Array.from({ length: random(4) }, () => ({ ...body, at: random(until + 1) }));
  const last = words.map((word, at) => ({ at: until + at * random(SPREAD), act: WORDS[word]![1] }));
  return [...bodies.sort((a, b) => a.at - b.at), ...last.sort((a, b) => a.at - b.at)];
}

/** Plays both plans until both sides have been told. */
function play(seed: number, words: readonly (readonly string[])[]): Pair {
  const random = seeded(seed);
  for (let at = 0; at < 8; at++) random(1);
  const allowance = pick(random, ALLOWANCES);
  const sides = { opener: settings, server: settings, allowance };
  const pair = new Pair(sides, () => false, () => 1 + random(LATENCY));
  if (random(4) === 0) {
    // a stream
    pair.opener.machine.restrict("reading");
    pair.server.machine.restrict("sending");
  }
  for (let at = 0; at < 4 * LATENCY; at++) pair.pass(1);
  const began = pair.now;
  const plans = pair.sides.map((side, at) => [side, planOf(random, words[at]!)] as const);
  while (pair.sides.some(({ ending }) => !ending) && pair.now < began + LONG) {
    for (const [side, plan] of plans) {
      while (plan[0] && began + plan[0].at <= pair.now) plan.shift()!.act(side);
      // one that closes reads no more
      while (side.waiting.length > 0 && !side.isClosed) side.read();
    }
    pair.pass(1);
  }
  return pair;
}

/** Whether every body was delivered, whatever has become of the ends. */
function isWhole({ sides }: Pair): boolean {
  return sides.every(({ given, peer }) =>
    given.findLastIndex(({ code }) => code === "t") < peer.delivered
  );
}

function reasonsOf({ sides }: Pair): readonly (LinkEnd | undefined)[] {
  return sides.map(({ ending }) => ending?.reason);
}

for (const ours of Object.keys(WORDS)) {
  for (const theirs of Object.keys(WORDS)) {
    Deno.test(`LinkMachine tells both sides the same: ${ours} here, ${theirs} there`, () => {
      const own = [WORDS[ours]![0], WORDS[theirs]![0]];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const pair = play(seed, [[ours], [theirs]]);
        const told = reasonsOf(pair);
        const story = `Seed ${seed}: ${told}`;
        assertEquals(pair.sides.flatMap(({ faults }) => faults), [], story);
        if (own[0] === undefined && own[1] === undefined) {
          const expected = isWhole(pair) ? "complete" : "cancelled";
          assertEquals(told, [expected, expected], story);
        } else if (own[0] && own[1]) {
          // each may have its own reason, as neither has heard of the other's
          assert(told[0] === told[1] || told.join() === own.join(), story);
        } else {
          assertEquals(told[0], told[1], story);
          // one that closes reads no more, and the other may have had something to say
          const isLeft = !isWhole(pair) && pair.sides.some(({ isClosed }) => isClosed);
          const possible = [isLeft ? "cancelled" : "complete", own[0] ?? own[1]];
          assert(possible.includes(told[0]), story);
        }
      }
    });
  }
}

Deno.test("LinkMachine tells both sides the same, whatever each says after its last word", () => {
  const words = Object.keys(WORDS);
  for (let seed = 1; seed <= 20 * SEEDS; seed++) {
    const random = seeded(seed * 7_919);
    for (let at = 0; at < 8; at++) random(1);
    const some = () => Array.from({ length: 2 }, () => pick(random, words));
    const spoken = [some(), some()] as const;
    const pair = play(seed, spoken);
    const told = reasonsOf(pair);
    const story = `Seed ${seed}: ${spoken.join(" / ")}: ${told}`;
    assertEquals(pair.sides.flatMap(({ faults }) => faults), [], story);
    if (told[0] === told[1]) continue;
    // only those who both leave at once, before either has heard of it, differ
    const own = spoken.map((words) => words.map((word) => WORDS[word]![0]));
    assert(told.every((reason, at) => own[at]!.includes(reason)), story);
  }
});
