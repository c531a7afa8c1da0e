import { MessageHeaders, type RawMessage } from "../../door/mod.ts";
import { readAckSubject } from "../api/ack_subject.ts";
import type { Held, Origin } from "./stored_delivery.ts";

/** The beginning of what a message tells that a consumer has stored for itself. */
const OWN = "Signalbox-Own-";
const NO_BYTES = new Uint8Array();

/** A message that a consumer has stored for itself alone, as it comes back. */
export interface OwnMessage {
  /** The message by its first storing. */
  readonly origin: Origin;
  /** With its subject, body and headers. */
  readonly raw: RawMessage;
  /** Which attempt comes next. */
  readonly attempt: number;
  /** Where to acknowledge what it replaces: the process that stored it may have been killed before it did so. */
  readonly replaces: string;
}

/** The token that names a message in subjects; the time tells it from one of a former stream of the same name. */
export function tokenOf({ seq, time }: Origin): string {
  return `${seq}-${time}`;
}

/** The headers under which a message is stored; its own ones are kept byte by byte, as those of NATS would steer the stream. */
export function ownFields(held: Held, attempt: number): [string, string][] {
  const { origin: { seq, time, subject }, raw: { headerBlock }, ackTo } = held;
  const fields: [string, string][] = [
    ["Seq", String(seq)],
    ["Time", String(time)],
    ["Subject", subject],
    ["Attempt", String(attempt)],
    ["Ack", ackTo],
  ];
  if (headerBlock && headerBlock.length > 0) fields.push(["Head", headerBlock.toBase64()]);
  return fields.map(([name, value]) => [OWN + name, value]);
}

/** Reads such a message; `undefined` for any other: every client that may publish to the stream can have written it. */
export function readOwnMessage(
  { headerBlock, data, replyTo }: RawMessage,
  stream: string,
  consumer: string,
): OwnMessage | undefined {
  const headers = MessageHeaders.parse(headerBlock ?? NO_BYTES);
  const get = (name: string) => headers.get(OWN + name) ?? "";
  const [seq, time, attempt] = [get("Seq"), get("Time"), get("Attempt")].map(numberOf);
  const subject = get("Subject");
  const replaces = get("Ack");
  const head = bytesOf(get("Head"));
  const replaced = readAckSubject(replaces);
  const isWhole = seq! >= 1 && time! >= 0 && attempt! >= 1 && subject !== "" && head !== undefined;
  if (!isWhole || replaced?.stream !== stream) return undefined;
  if (replaced.consumer !== consumer && replaced.consumer !== ownName(consumer)) return undefined;
  return {
    origin: { stream, consumer, seq: seq!, time: time!, subject },
    raw: { subject, data, replyTo, headerBlock: head.length > 0 ? head : undefined },
    attempt: attempt!,
    replaces,
  };
}

/** The name of the consumer that reads what a consumer has stored for itself. */
export function ownName(consumer: string): string {
  return `${consumer}~own`;
}

function numberOf(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : NaN;
}

function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}

/** Whether a message ends by a time of its own, beyond which nothing of it must stay. */
export function hasEnd({ raw: { headerBlock } }: Held): boolean {
  if (!headerBlock || headerBlock.length === 0) return false;
  const ttl = MessageHeaders.parse(headerBlock).get("Nats-TTL");
  return ttl !== undefined && ttl !== "never";
}
