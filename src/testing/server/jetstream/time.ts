/**
 * Times as the JetStream API writes them. Within the server a time is a number of milliseconds since 1970, with
 * fractions; durations in the API are nanoseconds.
 */

/** Nanoseconds per millisecond. */
export const NANOSECONDS = 1_000_000;
/** The zero time of Go, which stands for "never". */
export const NEVER = "0001-01-01T00:00:00Z";

/** Times are kept in microseconds, which a number represents exactly. */
const MICROS = 1_000;

/** The fraction digits of a second that are kept, and that the server parses. */
const MICRO_DIGITS = 6;
const NANO_DIGITS = 9;

/** The longest duration in 64 bits of nanoseconds, in milliseconds. */
const MAX_DURATION = 2 ** 63 / NANOSECONDS;

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const RFC3339 =
  /^(\d{4}-(\d{2})-(\d{2}))T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** Rounds a time to microseconds, so that writing and parsing it gives the same time. */
export function toMicros(time: number): number {
  return Math.round(time * MICROS) / MICROS;
}

/** A time in nanoseconds since 1970, as a string: a number would lose digits. */
export function inNanoseconds(time: number): string {
  return `${Math.round(time * MICROS)}000`;
}

/** Formats a time with as many digits as needed; `undefined` becomes the zero time. */
export function writeTime(time: number | undefined): string {
  if (time === undefined) return NEVER;
  const micros = Math.round(time * MICROS);
  const [seconds, milliseconds] = new Date(Math.floor(micros / MICROS)).toISOString().slice(0, -1)
    .split(".");
  const fraction = `${milliseconds}${String(micros % MICROS).padStart(3, "0")}`.replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** Parses a time, rounding up to microseconds; `undefined` if it is invalid. */
export function readTime(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, day, month, date, hour, minute, second, fraction = "", zone] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const whole = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
  if (Number.isNaN(whole)) return undefined;
  // JavaScript accepts the 30th of February, the server does not
  const calendar = new Date(`${day}T00:00:00Z`);
  if (calendar.getUTCDate() !== Number(date) || calendar.getUTCMonth() + 1 !== Number(month)) {
    return undefined;
  }
  const micros = Number(fraction.slice(0, MICRO_DIGITS).padEnd(MICRO_DIGITS, "0"));
  // a time just after a message's must not equal the message's time
  const isMore = /[1-9]/.test(fraction.slice(MICRO_DIGITS, NANO_DIGITS));
  return toMicros(whole + (micros + Number(isMore)) / MICROS);
}

/** A time as the server repeats it: in its original zone, to the nanosecond; `undefined` if it is invalid. */
export function shownTime(text: string): string | undefined {
  if (readTime(text) === undefined) return undefined;
  const { seconds, fraction, zone } = partsOf(text);
  return `${seconds}${fraction}${/^[+-]00:00$/.test(zone) ? "Z" : zone}`;
}

/** The same time in UTC, to the nanosecond. */
export function inUtc(text: string): string {
  const { seconds, fraction, zone } = partsOf(text);
  return `${new Date(`${seconds}${zone}`).toISOString().slice(0, seconds.length)}${fraction}Z`;
}

/** Splits off the fraction, with its point and cut to nanoseconds. */
function partsOf(text: string): { seconds: string; fraction: string; zone: string } {
  const [, seconds = "", digits = "", zone = ""] = /^(.{19})(?:[.,](\d+))?(.+)$/.exec(text)!;
  const kept = digits.slice(0, NANO_DIGITS).replace(/0+$/, "");
  return { seconds, fraction: kept === "" ? "" : `.${kept}`, zone };
}

/** Parses a duration such as `1h30m` or `250ms` into milliseconds; `undefined` if it is invalid. */
export function readDuration(text: string): number | undefined {
  const match = /^([+-]?)(.+)$/.exec(text);
  if (!match) return undefined;
  const [, sign, rest = ""] = match;
  if (rest === "0") return 0;
  let total = 0;
  let read = 0;
  for (const [part, number, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)) {
    total += Number(number) * UNITS[unit!]!;
    read += part.length;
  }
  if (read === 0 || read !== rest.length) return undefined;
  // the server rejects longer durations
  if (total > MAX_DURATION) return undefined;
  return sign === "-" ? -total : total;
}

/** Formats a duration in nanoseconds the way the server does, such as `1m30s` or `1.5ms`. */
export function writeDuration(nanoseconds: number): string {
  if (nanoseconds < 1_000) return `${nanoseconds}ns`;
  if (nanoseconds < NANOSECONDS) return `${nanoseconds / 1_000}µs`;
  if (nanoseconds < 1_000 * NANOSECONDS) return `${nanoseconds / NANOSECONDS}ms`;
  const total = nanoseconds / (1_000 * NANOSECONDS);
  const [hours, minutes] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60];
  const seconds = `${Number((total % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
