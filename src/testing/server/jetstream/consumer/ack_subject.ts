import type { StoredMessage } from "../message.ts";
import { inNanoseconds } from "../time.ts";
import type { Told } from "./announcements.ts";

/** How the server calls its only account and domain where a subject has room for them. */
const DOMAIN = "_.szMpdrwD";
/** `$JS.ACK.<stream>.<consumer>.` and five numbers; or with domain and account before, and anything after. */
const TOKENS = 9;
const LEAST_LONG_TOKENS = 11;

/** The subjects by which a consumer's deliveries are acknowledged. */
export function ackSubjects(stream: string, consumer: string): string[] {
  return [
    `$JS.ACK.${stream}.${consumer}.*.*.*.*.*`,
    `$JS.ACK.${DOMAIN}.${stream}.${consumer}.*.*.*.*.>`,
  ];
}

/** The subjects by which a client says that it has taken in what came. */
export function flowControlSubjects(stream: string, consumer: string): string[] {
  return [`$JS.FC.${stream}.${consumer}.*`, `$JS.FC.${DOMAIN}.${stream}.${consumer}.*`];
}

/** Where a delivery is acknowledged; `pending` is how many messages are left after it. */
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

/** Reads what an acknowledgement is about; one that was made up is about number 0. */
export function readAckSubject(subject: string): Told {
  const tokens = subject.split(".");
  const isLong = tokens.length >= LEAST_LONG_TOKENS;
  if (!isLong && tokens.length !== TOKENS) return { deliveries: 0, seq: 0, number: 0 };
  const from = isLong ? 6 : 4;
  const [deliveries, seq, number] = tokens.slice(from, from + 3).map(numberOf);
  return { deliveries: deliveries!, seq: seq!, number: number! };
}

/** What is no number is more than there can be. */
function numberOf(token: string): number {
  return /^\d{1,15}$/.test(token) ? Number(token) : Number.MAX_SAFE_INTEGER;
}
