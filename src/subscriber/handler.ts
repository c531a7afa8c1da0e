import type { Message } from "../message/message.ts";

/**
 * A function that handles a message. Its value, or its promise's value, is the reply, if the sender wants one; an
 * exception becomes an error reply.
 */
export type Handler<
  Body = unknown,
  Values = Readonly<Record<string, string>>,
  State = Readonly<Record<string, unknown>>,
> = (message: Message<Body, Values, State>) => unknown;
