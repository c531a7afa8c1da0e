/** What the reply address of a stored message tells: which consumer delivers it, as which of its messages, from where. */
export interface AckSubject {
  readonly stream: string;
  readonly consumer: string;
  /** How often it has been delivered, this time included. */
  readonly attempt: number;
  /** Its number in the stream. */
  readonly seq: number;
  /** Its number among all deliveries of the consumer. */
  readonly consumerSeq: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** How many more there are for the consumer. */
  readonly pending: number;
}

/** `$JS.ACK.<stream>.<consumer>.<attempt>.<seq>.<consumerSeq>.<time>.<pending>` has so many dots. */
const DOTS = 8;
/** With a domain and an account behind `$JS.ACK`; more may follow the number of those that are pending. */
const MORE_DOTS = 10;
const BEGINNING = "$JS.ACK.";
/** A time in nanoseconds is beyond what a number holds exactly. */
const NANOSECONDS = 6;
const [DOT, ZERO, NINE] = [46, 48, 57] as const;

/** Where the dots of the address are that is read at the moment: a list for each would take half of the time. */
const dots = new Uint16Array(MORE_DOTS + 1);

/** Reads the reply address of a stored message; `undefined` for any other text. */
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

/** Finds the first dots; returns how many there are, or one more than are looked for. */
function findDots(subject: string): number {
  let count = 0;
  for (let at = 0; at < subject.length && count <= MORE_DOTS; at++) {
    if (subject.charCodeAt(at) === DOT) dots[count++] = at;
  }
  return count;
}

/** The number between a dot and an end; `NaN` for what is none. */
function numberIn(subject: string, dot: number, end: number): number {
  let value = end > dot + 1 ? 0 : NaN;
  for (let at = dot + 1; at < end; at++) {
    const code = subject.charCodeAt(at);
    if (code < ZERO || code > NINE) return NaN;
    value = value * 10 + code - ZERO;
  }
  return value;
}
