/**
 * Checks options at construction; the error message names the wrong option and its value.
 *
 * @module
 */
import { LONGEST_TIMER } from "./clock.ts";
import { type Duration, millisecondsOf } from "./duration.ts";
import { isThenable } from "./promises.ts";

/** Returns `undefined` for a valid value, and otherwise the text that says what the value must be. */
export type Rule = (value: unknown) => string | undefined;

/** One rule for each option; an option without a rule is unknown. */
export type Rules = Readonly<Record<string, Rule>>;

/** A duration, 0 included. */
export const milliseconds: Rule = millisecondsFrom(0);

/** A duration of 1 ms at least. */
export const duration: Rule = millisecondsFrom(1);

/** A whole number of at least 1. */
export const count: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "a whole number of 1 or more";

/** A whole number of bytes, 0 included. */
export const bytes: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "a whole number of bytes";

/** Text that is not empty. */
export const text: Rule = (value) =>
  typeof value === "string" && value !== "" ? undefined : "text that is not empty";

/** Text that no error message may show. */
export const secret: Rule = (value) => text(value);

/** `true` or `false`. */
export const flag: Rule = (value) => typeof value === "boolean" ? undefined : "true or false";

/** An `AbortSignal`. */
export const signal: Rule = (value) => value instanceof AbortSignal ? undefined : "an AbortSignal";

/** An object; the code that uses it checks its options. */
export const record: Rule = (value) => holdsOptions(value) ? undefined : "an object";

/** A list of subjects or patterns; the code that reads the list checks each entry. */
export const subjects: Rule = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? undefined
    : "a list of subjects";

/** A function that can be called, so not a class. */
export const callable: Rule = (value) =>
  typeof value === "function" && !isClass(value) ? undefined : "a function";

/** A function that returns its answer at once: a returned promise or iterator would count as a yes. */
export const decision: Rule = (value) =>
  callable(value) ??
    (kindOf(value) === "[object Function]" ? undefined : "a function that is not async");

/** A list of middleware. */
export const middlewareList: Rule = (value) =>
  Array.isArray(value) && value.every((one) => middleware(one) === undefined)
    ? undefined
    : "a list of functions (message, next)";

/** A middleware. Rejects functions written for other frameworks, which expect other arguments. */
export const middleware: Rule = (value) => {
  if (callable(value) !== undefined || /Generator/.test(kindOf(value))) {
    return "a function (message, next), async or not";
  }
  return (value as { length: number }).length > 2
    ? "a function of two: (message, next)"
    : undefined;
};

/** A value that follows the rule, or `Infinity` for no limit. */
export function limit(rule: Rule): Rule {
  return (value) => {
    const wanted = value === Infinity ? undefined : rule(value);
    return wanted && `${wanted}, or Infinity`;
  };
}

/** One of the given words. */
export function oneOf(...words: readonly string[]): Rule {
  return (value) =>
    words.includes(value as string)
      ? undefined
      : `one of ${words.map((word) => `"${word}"`).join(", ")}`;
}

/**
 * Checks every given option.
 *
 * @throws {TypeError} naming the first that is unknown or does not follow its rule
 */
export function checkOptions(action: string, options: unknown, rules: Rules): void {
  if (options === undefined) return;
  if (!holdsOptions(options)) {
    throw new TypeError(`Cannot ${action} as options must be an object: ${describe(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, key)) {
      throw new TypeError(
        `Cannot ${action} as an option must be one of ${Object.keys(rules).join(", ")}: "${key}"`,
      );
    }
    const rule = rules[key]!;
    const wanted = rule(value);
    if (!wanted) continue;
    const found = rule === secret && value !== "" ? kindOf(value) : describe(value);
    throw new TypeError(`Cannot ${action} as "${key}" must be ${wanted}: ${found}`);
  }
}

/**
 * Whether the value can hold options. A promise, a signal or a list has no options of its own, and would pass as an
 * empty object.
 */
export function holdsOptions(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return !isThenable(value) && Object.keys(value).length > 0;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Formats any value for an error message; a cycle or a BigInt must not hide that message behind another error. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  // show the name only, as the source may be long
  if (typeof value === "function") return value.name === "" ? "a function" : `${value.name}()`;
  return typeof value === "object" && value !== null ? kindOf(value) : String(value);
}

/** The longest text that an error message quotes, in characters. */
const LONGEST_QUOTE = 1_000;

function quoted(text: string): string {
  if (text.length <= LONGEST_QUOTE) return JSON.stringify(text);
  // half of an inbox would not be taken for one, and be shown
  const cut = text.slice(0, LONGEST_QUOTE).replace(/\.[0-9A-Za-z]{0,21}$/, "");
  return `${JSON.stringify(cut)}… (${text.length - cut.length} more characters)`;
}

function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    // a revoked proxy or a getter that throws must not replace the error message
    return "an object that cannot be read";
  }
}

function millisecondsFrom(least: number): Rule {
  return (value) => {
    const given = millisecondsOf(value);
    return given !== undefined && given >= least && given <= LONGEST_TIMER
      ? undefined
      : `milliseconds from ${least} to ${LONGEST_TIMER}, or text such as "30s"`;
  };
}

/** The error for a call that is written wrongly; it shows how to write it. */
export function wrongCall(action: string, right: string): TypeError {
  return new TypeError(`Cannot ${action} as it must be written: ${right}`);
}

/**
 * How long an operation may take.
 *
 * @example The round trip to the server, and a wait until the server has all messages
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assert } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * await using _test = await TestBroker.start(broker);
 * assert(await broker.ping({ timeout: "2s" }) < 2_000);
 * broker.publish("orders", { id: 7 });
 * await broker.flush({ timeout: "2s" });
 * ```
 *
 * @example A stop that lets the running handlers finish
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const handled: unknown[] = [];
 * broker.subscriber("orders", ({ body }) => void handled.push(body));
 * await using _test = await TestBroker.start(broker);
 * await broker.publish("orders", 7);
 * await broker.flush();
 * await broker.stop({ timeout: "10s" });
 * assertEquals(handled, [7]);
 * ```
 *
 * @example A service that runs until Ctrl-C, SIGTERM or `stop()`
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { EmbeddedServer } from "@signalbox/nats/testing";
 *
 * await using server = await EmbeddedServer.start();
 * const broker = new NatsBroker(server.url);
 * broker.onStart(() => void setTimeout(() => broker.stop(), 10)); // so that this example ends
 * await broker.run({ timeout: "10s" });
 * ```
 */
export interface TimeoutOptions {
  /** The time until it ends with a `TimeoutError`. */
  readonly timeout?: Duration;
}

export const TIMEOUT_RULES = { timeout: milliseconds };

/** The rules of `next()` of every reader. */
export const NEXT_RULES = { timeout: limit(milliseconds), signal };
