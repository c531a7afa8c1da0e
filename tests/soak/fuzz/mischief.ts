import type { Random } from "../../unit/seeded_random.ts";

/** What becomes of a chunk: pieces one after the other, each after a while; then the cut, if there is one. */
export interface Fate {
  readonly kind: Kind;
  readonly pieces: readonly Uint8Array[];
  /** Milliseconds before each piece. */
  readonly wait: number;
  readonly isCut: boolean;
}

export type Kind = keyof typeof KINDS | "none";

type Act = (random: Random, chunk: Uint8Array) => Partial<Omit<Fate, "kind">>;

const LONGEST_WAIT = 20;

const KINDS = {
  mutate: (random, chunk) => ({ pieces: [mutated(random, chunk)] }),
  split: (random, chunk) => ({ pieces: splits(random, chunk), wait: random(3) }),
  delay: (random) => ({ wait: 1 + random(LONGEST_WAIT) }),
  drop: () => ({ pieces: [] }),
  omit: (random, chunk) => {
    const [from, to] = span(random, chunk);
    return { pieces: [chunk.subarray(0, from), chunk.subarray(to)] };
  },
  repeat: (random, chunk) => {
    const [from, to] = span(random, chunk);
    return { pieces: [chunk.subarray(0, to), chunk.subarray(from)] };
  },
  cut: (random, chunk) => ({ pieces: [chunk.subarray(0, random(chunk.length))], isCut: true }),
} as const satisfies Readonly<Record<string, Act>>;

/** Harmless kinds are as frequent as those that break the protocol, which mostly end the connection. */
const DRAWN: readonly (keyof typeof KINDS)[] = [
  "mutate",
  "mutate",
  "split",
  "split",
  "split",
  "delay",
  "delay",
  "drop",
  "omit",
  "repeat",
  "cut",
];

/** Decides what becomes of a chunk: one in `every` is not left alone. */
export function fateOf(random: Random, chunk: Uint8Array, every: number): Fate {
  if (random(every) > 0) return { kind: "none", pieces: [chunk], wait: 0, isCut: false };
  const kind = DRAWN[random(DRAWN.length)]!;
  const act: Act = KINDS[kind];
  return { kind, pieces: [chunk], wait: 0, isCut: false, ...act(random, chunk) };
}

function mutated(random: Random, chunk: Uint8Array): Uint8Array {
  const copy = new Uint8Array(chunk);
  for (let left = 1 + random(4); left > 0; left--) {
    // most often it is near the beginning, where the words of the protocol are
    const at = random(2) ? random(Math.min(copy.length, 40)) : random(copy.length);
    copy[at] = random(3) ? 32 + random(95) : random(256);
  }
  return copy;
}

function splits(random: Random, chunk: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < chunk.length;) {
    const size = pieces.length < 20 ? 1 + random(Math.min(chunk.length, 200)) : chunk.length;
    pieces.push(chunk.subarray(at, at += size));
  }
  return pieces;
}

function span(random: Random, { length }: Uint8Array): [from: number, to: number] {
  const from = random(length);
  return [from, Math.min(length, from + 1 + random(100))];
}
