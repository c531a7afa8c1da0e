/** Numbers below a bound, the same ones for the same seed. */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** One of the values. */
export function pick<T>(random: Random, values: ArrayLike<T>): T {
  return values[random(values.length)]!;
}

/** Text of printable ASCII, without the characters to leave out. */
export function printable(random: Random, length: number, without = ""): string {
  const all = Array.from({ length: 94 }, (_, code) => String.fromCharCode(33 + code));
  const letters = all.filter((letter) => !without.includes(letter));
  return Array.from({ length }, () => pick(random, letters)).join("");
}
