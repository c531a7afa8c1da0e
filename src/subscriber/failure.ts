import { PayloadTooLargeError, ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/error_codes.ts";

/** What a caller was told of what went wrong. */
export interface Failure {
  readonly code: number;
  readonly description: string;
  readonly data?: unknown;
}

/** A handler's value that could not be sent. */
export class Unanswerable extends Error {
  constructor(cause: unknown) {
    super("Cannot answer a request as its reply must be sent: it was not", { cause });
  }
}

/** What the caller is told of an error; the text of one that was not made for it stays here. */
export function failureOf(error: unknown): Failure {
  const { internal: code, tooLarge } = ERROR_CODES;
  if (error instanceof ReplyError) {
    return { code: error.code, description: error.message, data: error.data };
  }
  if (!(error instanceof Unanswerable)) return { code, description: "Internal error" };
  return error.cause instanceof PayloadTooLargeError
    ? { code: tooLarge, description: "The reply is too large" }
    : { code, description: "The reply cannot be sent" };
}
