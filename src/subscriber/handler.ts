import type { Message } from "../message/message.ts";

/**
 * What answers a message. Its value, or what its promise resolves with, is the reply where one is wanted; what
 * it throws is an error reply.
 */
export type Handler<
  Body = unknown,
  Values = Readonly<Record<string, string>>,
  State = Readonly<Record<string, unknown>>,
> = (message: Message<Body, Values, State>) => unknown;
