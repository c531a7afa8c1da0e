import { PayloadTooLargeError, ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { asError } from "../legible.ts";

/** An error as the caller gets it. */
export interface Failure {
  readonly code: number;
  readonly description: string;
  readonly data?: unknown;
}

/** A handler's value could not be sent. The message includes the cause, as log lines show no more than the message. */
export class Unanswerable extends Error {
  constructor(thrown: unknown) {
    const cause = asError(thrown, "A publish middleware threw");
    super(`Cannot send the reply: ${cause.message}`, { cause });
  }
}

/** The code and text that the caller gets for an error; only a `ReplyError` shows its own text. */
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
