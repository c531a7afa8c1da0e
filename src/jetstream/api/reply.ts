import type { WireError } from "./api_types.ts";
import { errorOf, JetStreamError } from "./errors.ts";

/** The longest answer of the API, in bytes: 100 000 subjects of a stream, the most that a server lists at once. */
const LONGEST = 33_554_432;

const decoder = new TextDecoder("utf-8", { fatal: true });
/** A key that would become the prototype of a copy, as written or escaped. */
const SUSPECT = /__proto__|\\u/;

/**
 * Reads the JSON object of an answer. `action` names the request in errors; `subject` is that of the message which an error
 * may be about.
 *
 * @throws {JetStreamError} if it is an error, is no JSON object, or is too large
 */
export function readReply<T extends object>(
  action: () => string,
  data: Uint8Array,
  subject?: string,
): T {
  if (data.length > LONGEST) {
    throw new JetStreamError(
      action(),
      `an answer must be ${LONGEST} bytes at most: ${data.length}`,
    );
  }
  const reply = parsed(action, data);
  const { error } = reply as { readonly error?: unknown };
  if (error !== undefined && error !== null) {
    throw errorOf(action(), wireErrorOf(error), subject);
  }
  return reply as T;
}

function parsed(action: () => string, data: Uint8Array): object {
  let reply: unknown;
  try {
    const text = decoder.decode(data);
    reply = SUSPECT.test(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text);
  } catch (cause) {
    throw new JetStreamError(action(), "an answer must be JSON: it is not", undefined, { cause });
  }
  if (typeof reply === "object" && reply !== null && !Array.isArray(reply)) return reply;
  throw new JetStreamError(action(), "an answer must be a JSON object: it is not");
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === "__proto__" ? undefined : value;
}

/** Reads the error of an answer, of any form. */
export function wireErrorOf(error: unknown): WireError {
  const { code, err_code, description } = Object(error) as Partial<WireError>;
  return {
    code: Number(code) || 0,
    err_code: Number(err_code) || 0,
    description: typeof description === "string" ? description : "no description",
  };
}
