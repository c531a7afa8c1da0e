/** The range of one field of a cron pattern, and the names that some of its values have. */
interface Field {
  readonly name: string;
  readonly least: number;
  readonly greatest: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { name: "second", least: 0, greatest: 59 },
  { name: "minute", least: 0, greatest: 59 },
  { name: "hour", least: 0, greatest: 23 },
  { name: "day of the month", least: 1, greatest: 31 },
  { name: "month", least: 1, greatest: 12, names: MONTHS },
  { name: "day of the week", least: 0, greatest: 6, names: WEEKDAYS },
];

/** The names that stand for whole patterns. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 0 1 1 *"],
  ["@annually", "0 0 0 1 1 *"],
  ["@monthly", "0 0 0 1 * *"],
  ["@weekly", "0 0 0 * * 0"],
  ["@daily", "0 0 0 * * *"],
  ["@midnight", "0 0 0 * * *"],
  ["@hourly", "0 0 * * * *"],
]);

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** The cache limit of zone clocks, as one zone can be spelled in many ways. */
const MAX_CLOCKS = 1_000;
/** A pattern without a match for this many years counts as never matching. */
const YEARS = 5;

/** The values that a field allows, and whether a star allows them all. */
interface Choice {
  readonly values: ReadonlySet<number>;
  readonly isStar: boolean;
}

/** The fields of a local time. */
interface Local {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/**
 * The first fault of a cron pattern: the rule that it breaks, and the text that breaks it; `undefined` if the pattern is
 * valid.
 */
export function cronFault(pattern: string): readonly [rule: string, found: string] | undefined {
  const known = NAMED.get(pattern);
  if (known !== undefined) return undefined;
  const shown = JSON.stringify(pattern);
  if (pattern.startsWith("@")) {
    return [`a named pattern must be one of ${[...NAMED.keys()].join(", ")}`, shown];
  }
  const texts = fieldsOf(pattern);
  if (texts.length !== FIELDS.length) {
    const rule = 'a cron pattern must have six fields, the second first, as "0 30 9 * * MON-FRI"';
    return [rule, `${shown} has ${texts.length}`];
  }
  for (const [i, text] of texts.entries()) {
    const field = FIELDS[i]!;
    if (readField(text, field)) continue;
    return [`the ${field.name} of a cron pattern must be ${valuesOf(field)}`, JSON.stringify(text)];
  }
  return undefined;
}

function valuesOf({ least, greatest, names }: Field): string {
  const named = names ? `, or ${names[0]!.toUpperCase()} to ${names.at(-1)!.toUpperCase()}` : "";
  return `*, or a list of values, ranges and steps from ${least} to ${greatest}${named}`;
}

function fieldsOf(pattern: string): string[] {
  return pattern.split(/\s+/).filter((text) => text !== "");
}

/**
 * The first time after `after` that a cron pattern matches in a time zone. A pattern has six fields: second, minute, hour,
 * day of month, month, and day of week; or it is a name such as `@daily`. `undefined` if the pattern is invalid or does not
 * match for years.
 */
export function nextMatch(pattern: string, zone: string | undefined, after: number) {
  const texts = fieldsOf(NAMED.get(pattern) ?? pattern);
  if (texts.length !== FIELDS.length) return undefined;
  const choices = texts.map((text, i) => readField(text, FIELDS[i]!));
  if (!choices.every((choice) => choice !== undefined)) return undefined;
  const [second, minute, hour, date, month, weekday] = choices as [Choice, ...Choice[]];
  const clock = clockOf(zone);
  let next = Math.floor(after / SECOND) * SECOND + SECOND;
  for (const limit = clock.read(next).year + YEARS;;) {
    const at = clock.read(next);
    if (at.year > limit) return undefined;
    if (!month!.values.has(at.month)) {
      next = later(next, clock.at(at.year, at.month + 1, 1));
    } else if (!dayMatches(date!, weekday!, at)) {
      next = later(next, clock.at(at.year, at.month, at.day + 1));
    } else if (!hour!.values.has(at.hour)) {
      next += HOUR - at.minute * MINUTE - at.second * SECOND;
    } else if (!minute!.values.has(at.minute)) {
      next += MINUTE - at.second * SECOND;
    } else if (!second.values.has(at.second)) {
      next += SECOND;
    } else {
      return next;
    }
  }
}

/** Makes sure that the search advances: where daylight saving starts at midnight, the next day has no 00:00. */
function later(now: number, next: number): number {
  return next > now ? next : now + HOUR;
}

/** If either day field is a star, both must match; otherwise one of them suffices. */
function dayMatches(date: Choice, weekday: Choice, { year, month, day }: Local): boolean {
  const byDate = date.values.has(day);
  const byWeekday = weekday.values.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
  return date.isStar || weekday.isStar ? byDate && byWeekday : byDate || byWeekday;
}

function readField(text: string, field: Field): Choice | undefined {
  const values = new Set<number>();
  let isStar = false;
  for (const range of text.split(",").filter((part) => part !== "")) {
    const read = readRange(range, field);
    if (!read) return undefined;
    for (let value = read.from; value <= read.to; value += read.step) values.add(value);
    isStar ||= read.isStar;
  }
  // a field of nothing but commas would make the search run through every second in vain
  return values.size > 0 ? { values, isStar } : undefined;
}

function readRange(text: string, field: Field) {
  const [span = "", stepText, ...slashes] = text.split("/");
  const [low = "", high, ...hyphens] = span.split("-");
  if (slashes.length > 0 || hyphens.length > 0) return undefined;
  const takesAll = low === "*" || low === "?";
  const step = stepText === undefined ? 1 : readNumber(stepText);
  const from = takesAll ? field.least : readValue(low, field);
  const end = high === undefined ? from : readValue(high, field);
  const to = takesAll || (high === undefined && stepText !== undefined) ? field.greatest : end;
  if (step === undefined || from === undefined || to === undefined || step === 0) return undefined;
  if (from < field.least || to > field.greatest || from > to) return undefined;
  return { from, to, step, isStar: takesAll && step === 1 };
}

function readValue(text: string, { least, names }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named + least : readNumber(text);
}

function readNumber(text: string): number | undefined {
  return /^\+?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Converts between times and a zone's local time. */
class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(zone: string | undefined) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** The name of the zone, as the runtime spells it. */
  get zone(): string {
    return this.#format.resolvedOptions().timeZone;
  }

  read(time: number): Local {
    const parts = this.#format.formatToParts(time);
    const part = (type: string) => Number(parts.find((one) => one.type === type)!.value);
    return {
      year: part("year"),
      month: part("month"),
      day: part("day"),
      hour: part("hour"),
      minute: part("minute"),
      second: part("second"),
    };
  }

  /** The time at which a day begins in the zone. */
  at(year: number, month: number, day: number): number {
    const wanted = Date.UTC(year, month - 1, day);
    const first = wanted - this.#offset(wanted);
    return wanted - this.#offset(first);
  }

  #offset(time: number): number {
    const { year, month, day, hour, minute, second } = this.read(time);
    return Date.UTC(year, month - 1, day, hour, minute, second) - time;
  }
}

/** Zone clocks by name: creating one costs more than all its conversions. There are some hundred zones. */
const clocks = new Map<string | undefined, ZoneClock>();

function clockOf(zone: string | undefined): ZoneClock {
  const known = clocks.get(zone) ?? new ZoneClock(zone);
  if (clocks.size < MAX_CLOCKS) clocks.set(zone, known);
  return known;
}

/** Whether a time zone of this name exists. Upper and lower case matter, because they do on the server. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    // the runtime may name a zone by another one of its names
    const { zone } = clockOf(name);
    return zone === name || zone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
