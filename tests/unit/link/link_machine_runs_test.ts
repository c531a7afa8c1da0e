import { assert, assertEquals } from "@std/assert";
import { COMPLETE } from "../../../src/link/frames/control_frames.ts";
import type { LinkSettings, ResponseLimit } from "../../../src/link/link_options.ts";
import { pick, type Random, seeded } from "../seeded_random.ts";
import { Pair } from "./machine_pair.ts";
import type { Side } from "./machine_side.ts";
import { FAILED } from "./machine_stage.ts";

const RUNS = 400;
/** Simulated milliseconds that all which was given may take once the wire is good again. */
const SOON = 25_000;
/** After so long every side has let go. */
const LINGER = 60_000;
const ALLOWANCES: readonly (ResponseLimit | undefined)[] = [
  undefined,
  { max: 1, expires: 120_000 },
  { max: 1, expires: 8_000 },
  { max: 16, expires: 120_000 },
];
const PATIENT = 30_000;

function settingsOf(random: Random, resumeTimeout: number): LinkSettings {
  return {
    window: { messages: pick(random, [1, 2, 5, 64]), bytes: pick(random, [1, 40, 100_000]) },
    maxUnacknowledged: {
      messages: pick(random, [1, 3, 1_024]),
      bytes: pick(random, [1, 30, 1_048_576]),
    },
    maxMessage: 100_000,
    keepAlive: pick(random, [1_000, 3_000]),
    resumeTimeout,
    idleTimeout: Infinity,
  };
}

/** One run: what may get lost, and what the programs do. */
class Run {
  readonly random: Random;
  readonly pair: Pair;
  /** Of a hundred messages so many get lost. */
  loss = 0;
  /** What each side has yet to give. */
  readonly #left: Map<Side, number>;
  readonly #seed: number;

  constructor(seed: number, resumeTimeout = PATIENT) {
    this.#seed = seed;
    this.random = seeded(seed);
    // the first numbers of neighbouring seeds are alike
    for (let at = 0; at < 8; at++) this.random(1);
    const opener = settingsOf(this.random, PATIENT);
    const server = settingsOf(this.random, resumeTimeout);
    const allowance = pick(this.random, ALLOWANCES);
    this.pair = new Pair({ opener, server, allowance }, () => this.random(100) < this.loss);
    this.#left = new Map(this.pair.sides.map((side) => [side, 1 + this.random(40)]));
  }

  /** Both know each other. */
  meet(): void {
    for (let at = 0; at < 4; at++) this.pair.pass();
  }

  /** A time in which whatever can go wrong does. */
  suffer(milliseconds: number): void {
    const until = this.pair.now + milliseconds;
    const kinds = [() => this.#tear(), () => this.loss = pick(this.random, [0, 10, 40, 100])];
    while (this.pair.now < until) {
      if (this.random(20) === 0) pick(this.random, kinds)();
      this.#work();
      this.pair.pass();
    }
    this.loss = 0;
    for (const side of this.pair.sides) if (!side.isUp) side.mend();
  }

  /** Goes on until it is so, for a while. */
  until(isSo: () => boolean, milliseconds: number): void {
    const end = this.pair.now + milliseconds;
    while (!isSo()) {
      assert(this.pair.now < end, `Seed ${this.#seed}: nothing moves\n${this.#shown()}`);
      this.#work();
      this.pair.pass();
    }
  }

  /** Both have let go, and nothing was as it must not be. */
  finish(): void {
    const { sides } = this.pair;
    this.until(() => sides.every(({ ending }) => ending), LINGER);
    for (let at = 0; at < 120; at++) this.pair.pass(LINGER / 60);
    assertEquals(sides.flatMap(({ faults }) => faults), [], `Seed ${this.#seed}`);
    assert(sides.every(({ isReleased }) => isReleased), `Seed ${this.#seed}\n${this.#shown()}`);
    for (const side of sides) this.#checkWhole(side);
  }

  /** What a side takes for complete has come to the other, unless that wanted no more of it. */
  #checkWhole({ ending, given, peer }: Side): void {
    if (ending!.reason !== "complete" || peer.isClosed) return;
    // whoever has said all by an `e` has no more to say by an `f`
    const all = given.findIndex(({ code }) => code === "e" || code === "f") + 1;
    assertEquals(peer.delivered, all, `Seed ${this.#seed}\n${this.#shown()}`);
  }

  #tear(): void {
    const side = pick(this.random, this.pair.sides);
    if (side.isUp) this.pair.cut(side);
    else side.mend();
  }

  #work(): void {
    for (const side of this.pair.sides) {
      const left = this.#left.get(side)!;
      if (left > 0 && side.isMet && this.random(2) === 0) this.#give(side, left - 1);
      while (side.waiting.length > 0 && this.random(3) > 0) side.read();
    }
  }

  #give(side: Side, left: number): void {
    this.#left.set(side, left);
    const isPiece = left > 0 && this.random(8) === 0;
    side.give(isPiece ? "m" : "t", this.random(30));
    if (left === 0) side.give("e", 0);
  }

  #shown(): string {
    return this.pair.sides.map((side) => {
      const { name, machine: { state, out }, delivered, waiting, ending, isUp, allowance } = side;
      const { last, sent, keptFrames } = out;
      return JSON.stringify({
        name,
        state,
        last,
        sent,
        keptFrames,
        delivered,
        waiting: waiting.length,
        ending,
        isUp,
        allowance,
        settings: side.settings,
      });
    }).join("\n");
  }
}

const isWhole = ({ sides }: Pair) =>
  sides.every((side) => side.delivered === side.peer.given.length && side.machine.out.isEnded);

Deno.test("LinkMachine brings everything over once and in order, whatever got lost on the way", () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const run = new Run(seed);
    run.meet();
    run.suffer(run.random(8_000));
    run.until(() => isWhole(run.pair), SOON);
    run.finish();
    assertEquals(run.pair.sides.map(({ ending }) => ending), [COMPLETE, COMPLETE], `Seed ${seed}`);
  }
});

Deno.test("LinkMachine tells both sides how it ended, whoever leaves and whatever got lost", () => {
  const ways: readonly ((side: Side, now: number) => void)[] = [
    ({ machine }, now) => machine.abort({ reason: "cancelled" }, now),
    ({ machine }, now) => machine.drain(now),
    (side) => side.close(COMPLETE),
    (side) => side.close(FAILED),
  ];
  for (let seed = 1; seed <= RUNS; seed++) {
    const run = new Run(seed, seed % 4 === 0 ? 0 : PATIENT);
    if (seed % 3 > 0) run.meet();
    run.suffer(run.random(3_000));
    pick(run.random, ways)(pick(run.random, run.pair.sides), run.pair.now);
    run.suffer(run.random(3_000));
    const { opener } = run.pair;
    // nobody waits for an acceptance for ever
    if (!opener.isMet) opener.machine.abort({ reason: "deadline" }, run.pair.now);
    run.finish();
  }
});
