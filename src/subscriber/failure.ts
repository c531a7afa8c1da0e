import { PayloadTooLargeError, ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import { asError } from "../thrown.ts";

/** What a caller was told of what went wrong. */
export interface Failure {
  readonly code: number;
  readonly description: string;
  readonly data?: unknown;
}

/** A handler's value that could not be sent. The cause is in the sentence, as logs have no room for more. */
export class Unanswerable extends Error {
  constructor(thrown: unknown) {
    const cause = asError(thrown, "A publish middleware threw");
    super(`Cannot send the reply: ${cause.message}`, { cause });
  }
}

/** What the caller is told of an error; the text of one that was not made for it stays here. */
export function failureOf(error: Error): Failure {
  const { internal: code, tooLarge } = ERROR_CODES;
  if (error instanceof ReplyError) {
    return { code: error.code, description: error.message, data: error.data };
  }
  if (!(error instanceof Unanswerable)) return { code, description: "Internal error" };
  return error.cause instanceof PayloadTooLargeError
    ? { code: tooLarge, description: "The reply is too large" }
    : { code, description: "The reply cannot be sent" };
}
