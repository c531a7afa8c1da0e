import { asError } from "../legible.ts";
import { describe } from "../options.ts";
import { isThenable } from "../promises.ts";
import { isCorrelationId } from "./headers.ts";

/**
 * The program's own way to make correlation ids, with each id checked.
 *
 * @throws {TypeError} at each call that gives no valid one
 */
export function ownCorrelationIds(make: (() => string) | undefined): (() => string) | undefined {
  if (!make) return undefined;
  return () => {
    const id = made(make);
    if (typeof id === "string" && id !== "" && isCorrelationId(id)) return id;
    // nobody else would see the rejection
    if (isThenable(id)) Promise.resolve(id).catch(() => {});
    throw wrong("give one line of 1 to 256 bytes", describe(id));
  };
}

function made(make: () => unknown): unknown {
  try {
    return make();
  } catch (cause) {
    const { message } = asError(cause);
    throw wrong("not throw", message, { cause });
  }
}

function wrong(rule: string, found: string, options?: ErrorOptions): TypeError {
  const sentence = `Cannot make a correlation id as "correlationId" must ${rule}: ${found}`;
  return new TypeError(sentence, options);
}
