import { DecodeError, RemoteError, ValidationError } from "../errors.ts";
import type { Message, ReceivedMessage } from "../message/message.ts";
import { remoteErrorOf } from "../message/reply.ts";
import { type Schema, validate } from "../message/schema.ts";
import { asError } from "../thrown.ts";

/**
 * Reads an answer for the caller: returns a message with the body that its schema made, or throws the error it carries.
 *
 * @throws {RemoteError} @throws {DecodeError} @throws {ValidationError}
 */
export function readAnswer(
  subject: string,
  answer: ReceivedMessage,
  schema: Schema | undefined,
): Message | Promise<Message> {
  const error = remoteErrorOf(subject, answer);
  if (error) throw error;
  if (!schema) return answer;
  const valid = validate(schema, answer.body);
  return valid instanceof Promise
    ? valid.then((made) => answer.withBody(made))
    : answer.withBody(valid);
}

/** Whether the answer is at fault, and not the schema. */
export function isFaulty(error: unknown): error is RemoteError | DecodeError | ValidationError {
  // the value that a schema throws may throw again when read, and then the caller would wait without end
  const known = asError(error);
  return [RemoteError, DecodeError, ValidationError].some((kind) => known instanceof kind);
}
