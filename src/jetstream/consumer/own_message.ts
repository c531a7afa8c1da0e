import { MessageHeaders, type RawMessage } from "../../door/mod.ts";
import { readAckSubject } from "../api/ack_subject.ts";
import type { Held, Origin } from "./stored_delivery.ts";

/** The prefix of the headers on a consumer's own message. */
const OWN = "Signalbox-Own-";
const NO_BYTES = new Uint8Array();

/** A consumer's own message, as the server delivers it. */
export interface OwnMessage {
  /** The place of the original message in the stream. */
  readonly origin: Origin;
  /** The original subject, body and headers. */
  readonly raw: RawMessage;
  /** The number of the next attempt. */
  readonly attempt: number;
  /**
   * The address at which to acknowledge the message that this one replaces: the process that stored this one may have been
   * killed before it did so.
   */
  readonly replaces: string;
}

/** The token of a message in subjects; the time tells it from a message of an earlier stream with the same name. */
export function tokenOf({ seq, time }: Origin): string {
  return `${seq}-${time}`;
}

/**
 * The headers of an own message. They contain the original headers byte by byte, because original `Nats-` headers would
 * otherwise control the stream.
 */
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

/**
 * Reads an own message; `undefined` for any other one, which every client with the permission to publish can store there.
 */
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

/** The name of the server's consumer that reads a consumer's own messages. */
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

/** Whether the message has a time to live, after which no copy of it may stay. */
export function hasEnd({ raw: { headerBlock } }: Held): boolean {
  if (!headerBlock || headerBlock.length === 0) return false;
  const ttl = MessageHeaders.parse(headerBlock).get("Nats-TTL");
  return ttl !== undefined && ttl !== "never";
}
