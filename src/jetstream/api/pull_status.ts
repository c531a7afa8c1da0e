import type { RawMessage } from "../../door/mod.ts";

/** What the server says to an inbox that pulls, instead of a message. */
export interface PullStatus {
  /** Such as 100 for a heartbeat, 408 for a request whose time is over; 0 for what is no status. */
  readonly code: number;
  /** The server's words, such as `"Consumer Deleted"`. */
  readonly text: string;
  /** How many messages of the request were not delivered, where the server says so. */
  readonly pendingMessages: number;
  /** How many bytes of the request were not delivered, where the server says so. */
  readonly pendingBytes: number;
  /** The number of the last delivery of the consumer, which heartbeats tell. */
  readonly lastDelivery: number | undefined;
}

const decoder = new TextDecoder();
const FIRST_LINE = /^NATS\/1\.0 +(\d{3}) ?([^\r\n]*)/;
const LINE = /^(Nats-Pending-Messages|Nats-Pending-Bytes|Nats-Last-Consumer): *(\d+)\r?$/gm;

/** Reads the status of a message that came to the inbox itself. */
export function readPullStatus({ headerBlock }: RawMessage): PullStatus {
  const block = headerBlock === undefined ? "" : decoder.decode(headerBlock);
  const [, code = "0", text = ""] = FIRST_LINE.exec(block) ?? [];
  const said = new Map([...block.matchAll(LINE)].map(([, name, value]) => [name, Number(value)]));
  return {
    code: Number(code),
    text: text.trim(),
    pendingMessages: said.get("Nats-Pending-Messages") ?? 0,
    pendingBytes: said.get("Nats-Pending-Bytes") ?? 0,
    lastDelivery: said.get("Nats-Last-Consumer"),
  };
}
