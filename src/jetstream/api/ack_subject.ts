/** The fields of a stored message's reply subject: its consumer, its place in the stream, and the delivery. */
export interface AckSubject {
  readonly stream: string;
  readonly consumer: string;
  /** How often it has been delivered, including this delivery. */
  readonly attempt: number;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** Its sequence among the consumer's deliveries. */
  readonly consumerSeq: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** The number of messages left for the consumer. */
  readonly pending: number;
}

/** The dots of the short form `$JS.ACK.<stream>.<consumer>.<attempt>.<seq>.<consumerSeq>.<time>.<pending>`. */
const DOTS = 8;
/** The dots of the long form, which has a domain and an account hash after `$JS.ACK`; more tokens may follow. */
const MORE_DOTS = 10;
const BEGINNING = "$JS.ACK.";
/** The digits cut off from a time in nanoseconds, which a number cannot hold exactly. */
const NANOSECONDS = 6;
const [DOT, ZERO, NINE] = [46, 48, 57] as const;

/** The positions of the dots, reused for each subject: allocating a list each time would double the time. */
const dots = new Uint16Array(MORE_DOTS + 1);

/** Parses the reply subject of a stored message; `undefined` for any other subject. */
export function readAckSubject(subject: string): AckSubject | undefined {
  if (!subject.startsWith(BEGINNING)) return undefined;
  const count = findDots(subject);
  if (count !== DOTS && count < MORE_DOTS) return undefined;
  const at = count === DOTS ? 1 : 3;
  const end = count === at + 7 ? subject.length : dots[at + 7]!;
  const read: AckSubject = {
    stream: subject.slice(dots[at]! + 1, dots[at + 1]),
    consumer: subject.slice(dots[at + 1]! + 1, dots[at + 2]),
    attempt: numberIn(subject, dots[at + 2]!, dots[at + 3]!),
    seq: numberIn(subject, dots[at + 3]!, dots[at + 4]!),
    consumerSeq: numberIn(subject, dots[at + 4]!, dots[at + 5]!),
    time: numberIn(subject, dots[at + 5]!, dots[at + 6]! - NANOSECONDS),
    pending: numberIn(subject, dots[at + 6]!, end),
  };
  const isWhole = read.attempt >= 1 && read.seq >= 1 && read.consumerSeq >= 1 && read.pending >= 0;
  return isWhole && read.time >= 0 ? read : undefined;
}

/** Finds the first dots; returns their number, or one more than the maximum. */
function findDots(subject: string): number {
  let count = 0;
  for (let at = 0; at < subject.length && count <= MORE_DOTS; at++) {
    if (subject.charCodeAt(at) === DOT) dots[count++] = at;
  }
  return count;
}

/** The number between a dot and an end; `NaN` if it is malformed. */
function numberIn(subject: string, dot: number, end: number): number {
  let value = end > dot + 1 ? 0 : NaN;
  for (let at = dot + 1; at < end; at++) {
    const code = subject.charCodeAt(at);
    if (code < ZERO || code > NINE) return NaN;
    value = value * 10 + code - ZERO;
  }
  return value;
}
