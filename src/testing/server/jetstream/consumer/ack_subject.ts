import type { StoredMessage } from "../message.ts";
import { inNanoseconds } from "../time.ts";
import type { Told } from "./announcements.ts";

/** The domain and account hash that the server puts into the long form of ack subjects. */
const DOMAIN = "_.szMpdrwD";
/**
 * Tokens of the short form: `$JS.ACK.<stream>.<consumer>.` and five numbers. The long form adds domain and account hash
 * in front, and may have more tokens behind.
 */
const TOKENS = 9;
const LEAST_LONG_TOKENS = 11;

/** The subjects to which clients publish acknowledgements for a consumer. */
export function ackSubjects(stream: string, consumer: string): string[] {
  return [
    `$JS.ACK.${stream}.${consumer}.*.*.*.*.*`,
    `$JS.ACK.${DOMAIN}.${stream}.${consumer}.*.*.*.*.>`,
  ];
}

/** The subjects to which clients publish flow control responses for a consumer. */
export function flowControlSubjects(stream: string, consumer: string): string[] {
  return [`$JS.FC.${stream}.${consumer}.*`, `$JS.FC.${DOMAIN}.${stream}.${consumer}.*`];
}

/** The ack subject of a delivery; `pending` is the number of messages left after it. */
export function ackSubject(
  stream: string,
  consumer: string,
  { number, deliveries }: Pick<Told, "number" | "deliveries">,
  { seq, time }: StoredMessage,
  pending: number,
): string {
  const place = `${deliveries}.${seq}.${number}.${inNanoseconds(time)}.${pending}`;
  return `$JS.ACK.${stream}.${consumer}.${place}`;
}

/** Parses an ack subject; a malformed one gives sequence 0. */
export function readAckSubject(subject: string): Told {
  const tokens = subject.split(".");
  const isLong = tokens.length >= LEAST_LONG_TOKENS;
  if (!isLong && tokens.length !== TOKENS) return { deliveries: 0, seq: 0, number: 0 };
  const from = isLong ? 6 : 4;
  const [deliveries, seq, number] = tokens.slice(from, from + 3).map(numberOf);
  return { deliveries: deliveries!, seq: seq!, number: number! };
}

/** Parses a number; anything that is no number becomes larger than any valid one. */
function numberOf(token: string): number {
  return /^\d{1,15}$/.test(token) ? Number(token) : Number.MAX_SAFE_INTEGER;
}
