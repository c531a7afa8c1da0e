import { cronFault, isZone, nextMatch } from "../../cron.ts";
import { asMilliseconds, type Duration, DURATION_FORM, millisecondsOf } from "../../duration.ts";
import { describe, holdsOptions } from "../../options.ts";
import { shown } from "../api/shown.ts";

/** When a message is due: exactly one of the four. */
export type When =
  | WhenIn
  | WhenAt
  | WhenEvery
  | WhenCron;

/** Once, so long after the server has taken it. */
export interface WhenIn {
  /** By the server's clock, not by the one of this machine. */
  readonly in: Duration;
}

/** Once, at a time. */
export interface WhenAt {
  /** A time up to a minute in the past is due at once; one before that is refused. */
  readonly at: Date;
}

/** Again and again. */
export interface WhenEvery {
  /** Whole seconds. The first one is due that long after the server has taken it; runs that the server misses are left out. */
  readonly every: Duration;
}

/**
 * Again and again, by the calendar.
 *
 * @example
 * A job at half past nine each morning in Zurich; each process may make the schedule at each start
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const reports = workQueue("REPORTS", {
 *   subjects: ["reports.{kind}"],
 *   allowMsgSchedules: true,
 *   declare: "create",
 * });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const js = jetstream(broker);
 * const made: string[] = [];
 * broker.subscriber(consumer(reports, "maker"), ({ params }) => void made.push(params.kind));
 * await using test = await TestBroker.start(broker, { time: "moved" });
 *
 * const morning = { cron: "0 30 9 * * *", timeZone: "Europe/Zurich" };
 * await js.schedule("reports.sales", morning, null, { name: "daily-sales", replace: true });
 * await test.advance("25h");
 * assertEquals(made[0], "sales");
 * ```
 */
export interface WhenCron {
  /**
   * Six fields: second, minute, hour, day of the month, month, day of the week, such as `"0 30 9 * * MON-FRI"`; or
   * `"@hourly"`, `"@daily"`, `"@weekly"`, `"@monthly"`, `"@yearly"`. If both days are given, it is due on either.
   */
  readonly cron: string;
  /**
   * The time zone whose clocks count, such as `"Europe/Zurich"`. A time that is skipped in spring has no run; one that
   * comes twice in autumn has two.
   *
   * @default {"UTC"}
   */
  readonly timeZone?: string;
}

/** How the server is told when a message is due. */
export interface Plan {
  /** For `Nats-Schedule`. */
  readonly pattern: string;
  readonly timeZone: string | undefined;
  readonly repeats: boolean;
  /** When it is due next, in milliseconds since 1970. */
  readonly next: number;
}

const SECOND = 1_000;
/** By how much a time may be over, in milliseconds. */
const LATE = 60_000;
const KINDS = ["in", "at", "every", "cron"] as const;
/** The longest `every`, in milliseconds: the server counts nanoseconds in 63 bits. */
const LONGEST = 9_223_372_036_000;
/** The last year that the server reads has four digits. */
const LAST = Date.parse("9999-12-31T23:59:59.999Z");
const FIRST = Date.parse("0001-01-01T00:00:00Z");

/**
 * Checks when a message is to be due, as far as that can be said without the server's clock; returns it as it is now, as a
 * program may go on to change what it has given, such as its `Date`.
 *
 * @throws {TypeError} naming what is wrong
 */
export function checkedWhen(action: string, when: unknown): When {
  const given = holdsOptions(when)
    ? Object.entries(when).filter(([, one]) => one !== undefined)
    : [];
  const kinds = KINDS.filter((kind) => given.some(([name]) => name === kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const rule = "it must be due by one of { in }, { at }, { every } and { cron, timeZone }";
    const found = kinds.length > 1 ? kinds.join(" and ") : shown(when);
    throw new TypeError(`Cannot ${action} as ${rule}: ${found}`);
  }
  const other = given.find(([name]) => name !== kind && !(kind === "cron" && name === "timeZone"));
  if (other) {
    const rule = kind === "cron"
      ? "{ cron } must have no other field than timeZone"
      : `{ ${kind} } must have no other field`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(other[0])}`);
  }
  const copied = given.map(([name, one]) => [name, one instanceof Date ? new Date(one) : one]);
  const copy = Object.fromEntries(copied);
  const fault = FAULTS[kind](copy as never);
  if (fault) throw new TypeError(`Cannot ${action} as ${fault[0]}: ${fault[1]}`);
  return copy as When;
}

type Fault = readonly [rule: string, found: string] | undefined;

const FAULTS: { readonly [Kind in typeof KINDS[number]]: (when: never) => Fault } = {
  in: ({ in: delay }: WhenIn) => {
    const time = millisecondsOf(delay) ?? 0;
    if (time > LONGEST) return [TOO_LONG, describe(delay)];
    return time > 0 ? undefined : [`"in" must be ${DURATION_FORM}`, describe(delay)];
  },
  at: ({ at }: WhenAt) => {
    const time = at instanceof Date ? at.getTime() : NaN;
    const isTime = time >= FIRST && time <= LAST;
    return isTime ? undefined : ['"at" must be a Date before the year 10000', shownDate(at)];
  },
  every: ({ every }: WhenEvery) => {
    const seconds = (millisecondsOf(every) ?? 0) / SECOND;
    if (seconds * SECOND > LONGEST) return [TOO_LONG, describe(every)];
    if (Number.isInteger(seconds) && seconds >= 1) return undefined;
    return ['"every" must be whole seconds from 1 on, such as "90s"', describe(every)];
  },
  cron: ({ cron, timeZone }: WhenCron) => {
    if (typeof cron !== "string") return ['"cron" must be text', describe(cron)];
    const fault = cronFault(cron);
    if (fault || timeZone === undefined) return fault;
    // the server knows "Local" as its own zone, which is not the same everywhere
    if (typeof timeZone === "string" && timeZone !== "Local" && isZone(timeZone)) return undefined;
    return [
      '"timeZone" must be one of the IANA database, such as "Europe/Zurich"',
      describe(timeZone),
    ];
  },
};

const TOO_LONG = "a time must be one that the server can count, 292 years";

function shownDate(at: unknown): string {
  if (!(at instanceof Date)) return describe(at);
  return Number.isNaN(at.getTime()) ? "an invalid Date" : at.toISOString();
}

/**
 * What the server is told; `now` is the time by its clock.
 *
 * @throws {TypeError} for a time that is over, and for a pattern that never comes
 */
export function planOf(action: string, when: When, now: number): Plan {
  if ("in" in when && when.in !== undefined) return planOnce(now + asMilliseconds(when.in));
  if ("at" in when && when.at !== undefined) {
    const time = when.at.getTime();
    if (time >= now - LATE) return planOnce(time);
    const rule = '"at" must be in the future by the server\'s clock';
    const found = `${when.at.toISOString()}, and the server has ${new Date(now).toISOString()}`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${found}`);
  }
  if ("every" in when && when.every !== undefined) {
    const every = asMilliseconds(when.every);
    const next = Math.round(now / SECOND) * SECOND + every;
    return { pattern: `@every ${every / SECOND}s`, timeZone: undefined, repeats: true, next };
  }
  const { cron, timeZone } = when as WhenCron;
  const pattern = cron.trim().split(/\s+/).join(" ");
  const next = nextMatch(pattern, timeZone ?? "UTC", now);
  if (next !== undefined) return { pattern, timeZone, repeats: true, next };
  const rule = "a cron pattern must come within five years";
  throw new TypeError(`Cannot ${action} as ${rule}: ${JSON.stringify(cron)}`);
}

/** What is due once, at a time by the clock of the server. */
export function planOnce(at: number): Plan {
  const time = Math.ceil(at);
  const pattern = `@at ${new Date(time).toISOString()}`;
  return { pattern, timeZone: undefined, repeats: false, next: time };
}

/** What the headers of a stored schedule say. */
export interface StoredPlan {
  /** `undefined` for what others have written in a form that is not known here. */
  readonly when: When | undefined;
  readonly repeats: boolean;
  /** When it was first due, in milliseconds since 1970; `undefined` if that cannot be said. */
  readonly first: number | undefined;
}

/** Reads a stored schedule, which the server took at `time`. */
export function readPlan(pattern: string, timeZone: string | undefined, time: number): StoredPlan {
  if (pattern.startsWith("@at ")) {
    const at = new Date(pattern.slice("@at ".length));
    const isTime = !Number.isNaN(at.getTime());
    return {
      when: isTime ? { at } : undefined,
      repeats: false,
      first: isTime ? at.getTime() : undefined,
    };
  }
  if (pattern.startsWith("@every ")) {
    const every = readInterval(pattern.slice("@every ".length));
    if (every === undefined) return { when: undefined, repeats: true, first: undefined };
    return { when: { every }, repeats: true, first: Math.round(time / SECOND) * SECOND + every };
  }
  const when = { cron: pattern, ...timeZone !== undefined && { timeZone } };
  return { when, repeats: true, first: nextOf(when, time) };
}

/**
 * When a stored schedule is due next. Of `every` it is the next in step with the first one; after a server was down, the
 * server may count from there.
 */
export function nextOf(when: When | undefined, now: number, first?: number): number | undefined {
  if (when === undefined) return undefined;
  if ("every" in when) {
    if (first === undefined || first > now) return first;
    const every = asMilliseconds(when.every);
    return first + Math.ceil((now - first + 1) / every) * every;
  }
  if (!("cron" in when)) return first;
  const zone = when.timeZone ?? "UTC";
  return zone === "Local" || !isZone(zone) ? undefined : nextMatch(when.cron, zone, now);
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** The milliseconds of a duration as Go writes it, such as `1h30m`. */
function readInterval(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    sum += Number(amount) * UNITS[unit!]!;
  }
  return sum;
}
