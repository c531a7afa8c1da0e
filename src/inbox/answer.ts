import { DecodeError, RemoteError, ValidationError } from "../errors.ts";
import type { Message, ReceivedMessage } from "../message/message.ts";
import { remoteErrorOf } from "../message/reply.ts";
import { type Schema, validate } from "../message/schema.ts";
import { asError } from "../thrown.ts";

/**
 * What an answer means to the one who asked: a message, with the body its schema made, or the error it carries.
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

/** Whether an answer is what is wrong, and not the schema that looks at it. */
export function isFaulty(error: unknown): error is RemoteError | DecodeError | ValidationError {
  // a schema may throw what throws again when it is looked at, and the one who asked would wait for ever
  const known = asError(error);
  return [RemoteError, DecodeError, ValidationError].some((kind) => known instanceof kind);
}
