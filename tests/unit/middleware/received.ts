import { type Message, ReceivedMessage } from "../../../src/message/message.ts";

/** A received message, without any broker. */
export function received(
  subject = "orders.42",
  { body = "", signal }: { body?: string; signal?: AbortSignal } = {},
): Message {
  const data = new TextEncoder().encode(body);
  return new ReceivedMessage(
    { subject, replyTo: "_INBOX.a", data, headerBlock: undefined },
    signal && { signal: () => signal },
  );
}

/** What a promise comes to, for an error as for a value. */
export function outcome(run: () => unknown): Promise<unknown> {
  return Promise.try(run).then((value) => value, (error) => error);
}
