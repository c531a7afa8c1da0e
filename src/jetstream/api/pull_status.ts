import type { RawMessage } from "../../door/mod.ts";

/** A status that the server sends to a pull inbox in place of a message. */
export interface PullStatus {
  /** The status code, such as 100 for a heartbeat, or 408 for an expired request; 0 if it is malformed. */
  readonly code: number;
  /** The server's description, such as `"Consumer Deleted"`. */
  readonly text: string;
  /** The messages of the request that were not delivered; 0 if the server does not say. */
  readonly pendingMessages: number;
  /** The bytes of the request that were not delivered; 0 if the server does not say. */
  readonly pendingBytes: number;
  /** The consumer sequence of the last delivery, which heartbeats carry. */
  readonly lastDelivery: number | undefined;
}

const decoder = new TextDecoder();
const FIRST_LINE = /^NATS\/1\.0 +(\d{3}) ?([^\r\n]*)/;
const LINE = /^(Nats-Pending-Messages|Nats-Pending-Bytes|Nats-Last-Consumer): *(\d+)\r?$/gm;

/** Reads the status of a message sent to the inbox itself. */
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
