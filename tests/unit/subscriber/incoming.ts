import type { RawMessage } from "../../../src/message/raw_message.ts";

/** A packet as the connection hands it over, from a caller that waits. */
export function packet(body = "", headers?: string, replyTo = "_INBOX.a"): RawMessage {
  const encode = (text: string) => new TextEncoder().encode(text);
  const headerBlock = headers === undefined ? undefined : encode(`NATS/1.0\r\n${headers}\r\n\r\n`);
  return { subject: "orders.1", replyTo, data: encode(body), headerBlock };
}
