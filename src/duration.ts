/** How many milliseconds a unit has. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A length of time: milliseconds as a number, or text such as `"250ms"`, `"30s"`, `"5m"`, `"1.5h"`, `"7d"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** How an error message describes a valid duration. */
export const DURATION_FORM = 'milliseconds, or text such as "250ms", "30s", "5m", "1h" or "7d"';

/** The milliseconds of a duration; `undefined` for an invalid one: a negative number, `NaN`, `Infinity`, other text. */
export function millisecondsOf(duration: unknown): number | undefined {
  const milliseconds = typeof duration === "string" ? parse(duration) : duration;
  if (typeof milliseconds !== "number") return undefined;
  return milliseconds >= 0 && milliseconds < Infinity ? milliseconds : undefined;
}

/** The milliseconds of a duration that has been checked; `Infinity` stays. */
export function asMilliseconds(duration: Duration): number;
export function asMilliseconds(duration: Duration | undefined): number | undefined;
export function asMilliseconds(duration: Duration | undefined): number | undefined {
  return typeof duration === "string" ? parse(duration) : duration;
}

function parse(text: string): number | undefined {
  const [, amount, unit] = FORM.exec(text) ?? [];
  // 1.1 s would be 1100.0000000000001 ms
  return unit === undefined ? undefined : Math.round(Number(amount) * UNITS[unit]! * 1e6) / 1e6;
}
