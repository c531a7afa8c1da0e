import { cronFault, isZone, nextMatch } from "../../cron.ts";
import { asMilliseconds, type Duration, DURATION_FORM, millisecondsOf } from "../../duration.ts";
import { describe, holdsOptions } from "../../options.ts";
import { shown } from "../api/shown.ts";

/** When a message is due, in exactly one of four forms. */
export type When =
  | WhenIn
  | WhenAt
  | WhenEvery
  | WhenCron;

/** Once, this long after the call. */
export interface WhenIn {
  /** Measured by the server's clock; the clock of this machine does not matter. */
  readonly in: Duration;
}

/** Once, at a given time. */
export interface WhenAt {
  /** A time up to a minute in the past is due at once; one before that is refused. */
  readonly at: Date;
}

/**
 * Again and again.
 *
 * @example
 * A check each minute, however often the program starts
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const checks = workQueue("CHECKS", {
 *   subjects: ["checks.{what}"],
 *   allowMsgSchedules: true,
 *   declare: "create",
 * });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const js = jetstream(broker, { streams: [checks] });
 * await using _test = await TestBroker.start(broker);
 *
 * for (const _start of [1, 2, 3]) {
 *   // without a name, each start would add a schedule
 *   await js.schedule("checks.disk", { every: "1m" }, null, { name: "disk", replace: true });
 * }
 * assertEquals((await Array.fromAsync(js.schedules(checks))).length, 1);
 * ```
 */
export interface WhenEvery {
  /**
   * The interval, in whole seconds. The first message is due one interval after the server has stored the schedule. Runs
   * that fall into an outage of the server are left out.
   */
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
   * `"@hourly"`, `"@daily"`, `"@weekly"`, `"@monthly"`, `"@yearly"`. If both day fields are given, the message is due when
   * either of them matches.
   */
  readonly cron: string;
  /**
   * The time zone of the pattern, such as `"Europe/Zurich"`. A time that the clocks skip in spring has no run; a time that
   * comes twice in autumn has two.
   *
   * @default {"UTC"}
   */
  readonly timeZone?: string;
}

/** The headers that tell the server when a message is due. */
export interface Plan {
  /** The value of the header `Nats-Schedule`. */
  readonly pattern: string;
  readonly timeZone: string | undefined;
  readonly repeats: boolean;
  /** When the message is due next, in milliseconds since 1970. */
  readonly next: number;
}

const SECOND = 1_000;
/** How far in the past an `at` may be, in milliseconds. */
const LATE = 60_000;
const KINDS = ["in", "at", "every", "cron"] as const;
/** The longest `every`, in milliseconds: the server counts nanoseconds in 63 bits. */
const LONGEST = 9_223_372_036_000;
/** The last time that the server reads: its years have four digits. */
const LAST = Date.parse("9999-12-31T23:59:59.999Z");
const FIRST = Date.parse("0001-01-01T00:00:00Z");

/**
 * Checks a {@linkcode When} as far as that is possible without the server's clock. Returns a copy, because the program may
 * change its `Date` later.
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
    const rule = "its time must be one of { in }, { at }, { every } and { cron, timeZone }";
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
    if (isTooShort(delay)) return ['"in" must be more than 0', describe(delay)];
    const time = millisecondsOf(delay);
    if (time === undefined) return [`"in" must be ${DURATION_FORM}`, describe(delay)];
    return time > LONGEST ? [TOO_LONG, describe(delay)] : undefined;
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
    // the server takes "Local" for its own time zone, which differs between servers
    if (typeof timeZone === "string" && timeZone !== "Local" && isZone(timeZone)) return undefined;
    return [
      '"timeZone" must be one of the IANA database, such as "Europe/Zurich"',
      describe(timeZone),
    ];
  },
};

/** Whether it has the form of a duration, but is 0 or negative. */
function isTooShort(delay: unknown): boolean {
  if (typeof delay === "number") return delay <= 0;
  if (typeof delay !== "string") return false;
  return millisecondsOf(delay.replace(/^-/, "")) !== undefined &&
    (delay.startsWith("-") || millisecondsOf(delay) === 0);
}

const TOO_LONG = "a time must be 292 years at most, as the server cannot count further";

function shownDate(at: unknown): string {
  if (!(at instanceof Date)) return describe(at);
  return Number.isNaN(at.getTime()) ? "an invalid Date" : at.toISOString();
}

/**
 * Translates a {@linkcode When} for the server; `now` is the time by the server's clock.
 *
 * @throws {TypeError} for a time in the past, and for a pattern that never matches
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
  const rule = "a cron pattern must match a time within five years";
  throw new TypeError(`Cannot ${action} as ${rule}: ${JSON.stringify(cron)}`);
}

/** The plan of a message that is due once, at a time by the server's clock. */
export function planOnce(at: number): Plan {
  const time = Math.ceil(at);
  const pattern = `@at ${new Date(time).toISOString()}`;
  return { pattern, timeZone: undefined, repeats: false, next: time };
}

/** What the headers of a stored schedule say about its times. */
export interface StoredPlan {
  /** `undefined` if another program has written a form that this package does not know. */
  readonly when: When | undefined;
  readonly repeats: boolean;
  /** When the schedule was first due, in milliseconds since 1970; `undefined` if that cannot be computed. */
  readonly first: number | undefined;
}

/** Reads the times of a stored schedule; `time` is when the server stored it. */
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
 * When a stored schedule is due next. For `every`, the times keep step with the first one; after the server was down, it
 * may count from its restart instead.
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

/** Reads a duration as Go writes it, such as `1h30m`, in milliseconds. */
function readInterval(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    sum += Number(amount) * UNITS[unit!]!;
  }
  return sum;
}
