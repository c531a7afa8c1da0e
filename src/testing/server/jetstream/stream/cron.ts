/** The range of one field of a cron pattern, and the names that some of its values have. */
interface Field {
  readonly least: number;
  readonly greatest: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { least: 0, greatest: 59 },
  { least: 0, greatest: 59 },
  { least: 0, greatest: 23 },
  { least: 1, greatest: 31 },
  { least: 1, greatest: 12, names: MONTHS },
  { least: 0, greatest: 6, names: WEEKDAYS },
];

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
 * The first match after a time of a six-field cron pattern: second, minute, hour, day of month, month, and day of week,
 * in a time zone. `undefined` if the pattern is invalid or does not match for years.
 */
export function nextMatch(pattern: string, zone: string | undefined, after: number) {
  const texts = pattern.split(/\s+/).filter((text) => text !== "");
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

/** Whether there is a time zone of that name. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}
