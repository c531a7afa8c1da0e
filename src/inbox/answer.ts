import type { Message } from "../message/message.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { Packet } from "../message/packet.ts";
import { remoteErrorOf } from "../message/reply.ts";
import { type Schema, validate } from "../message/schema.ts";

/**
 * What an answer means to the one who asked: a message, with the body its schema made, or the error it carries.
 *
 * @throws {RemoteError} @throws {DecodeError} @throws {ValidationError}
 */
export function readAnswer<Body>(
  subject: string,
  packet: Packet,
  schema: Schema<Body> | undefined,
): Message<Body> | Promise<Message<Body>> {
  const answer = new ReceivedMessage(packet);
  const error = remoteErrorOf(subject, answer);
  if (error) throw error;
  // decoded here, so that a broken answer rejects the request and does not throw where it is read
  const { body } = answer;
  if (!schema) return answer as Message<Body>;
  const valid = validate(schema, body);
  return valid instanceof Promise
    ? valid.then((made) => answer.withBody(made) as Message<Body>)
    : answer.withBody(valid) as Message<Body>;
}
