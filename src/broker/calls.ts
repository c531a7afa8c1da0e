import { InvalidSubjectError } from "../errors.ts";
import { callable, describe } from "../options.ts";

/**
 * Reads the arguments of a registration. Options in the handler's place, and an `undefined` handler, are errors, as
 * they would make a subscriber that nobody reads.
 *
 * @throws {TypeError} that shows the right call
 */
export function readCall<Handles extends (...given: never[]) => unknown, Options extends object>(
  method: "subscriber" | "session",
  pattern: string,
  given: readonly unknown[],
): { readonly options: Options; readonly handler: Handles | undefined } {
  const last = given.at(-1);
  const handler = given.length > 0 && callable(last) === undefined ? last as Handles : undefined;
  const isRead = method === "subscriber" && given.length === 1 && typeof last === "object";
  const isFitting = handler
    ? given.length <= 2 && handler.length <= 1
    : given.length === 0 || isRead;
  if (!isFitting) {
    const handled = method === "session" ? "(session) => …" : "(message) => …";
    const found = given.map(describe).join(", ");
    throw wrongCall(
      `call ${method}(${describe(pattern)}, ${found})`,
      `${method}(pattern, options, ${handled})`,
    );
  }
  if (handler && cannotHandle(handler, method)) {
    const right = method === "session" ? "async (session) => …" : "async function* (message) { … }";
    throw wrongCall(
      `call ${method}(${describe(pattern)}, …)`,
      `${method}(pattern, options, ${right})`,
    );
  }
  const [first] = handler && given.length === 1 ? [] : given;
  return { options: (first === undefined ? {} : first) as Options, handler };
}

/** Checks that the pattern is text before error messages quote it. */
export function checkText(action: string, pattern: unknown): void {
  if (typeof pattern === "string") return;
  throw new InvalidSubjectError(action, "a subject must be text", pattern);
}

/** Rejects generators that would never run: every generator of a session, and a sync generator of a subscriber. */
function cannotHandle(handler: object, method: "subscriber" | "session"): boolean {
  const kind = Object.prototype.toString.call(handler);
  return kind === "[object GeneratorFunction]" ||
    method === "session" && kind === "[object AsyncGeneratorFunction]";
}

/** The error for a call that is written wrongly; it shows how to write it. */
export function wrongCall(action: string, right: string): TypeError {
  return new TypeError(`Cannot ${action} as it must be written: ${right}`);
}
