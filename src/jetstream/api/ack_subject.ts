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

/** Without a domain and an account: `$JS.ACK.<stream>.<consumer>.<attempt>.<seq>.<consumerSeq>.<time>.<pending>`. */
const SHORT = 9;
/** With both behind `$JS.ACK`; more may follow the number of those that are pending. */
const LONG = 11;
/** A time in nanoseconds is beyond what a number holds exactly. */
const NANOSECONDS = 6;

/** Reads the reply address of a stored message; `undefined` for any other text. */
export function readAckSubject(subject: string): AckSubject | undefined {
  if (!subject.startsWith("$JS.ACK.")) return undefined;
  const tokens = subject.split(".");
  const { length } = tokens;
  if (length !== SHORT && length < LONG) return undefined;
  const at = length === SHORT ? 2 : 4;
  const read: AckSubject = {
    stream: tokens[at]!,
    consumer: tokens[at + 1]!,
    attempt: Number(tokens[at + 2]),
    seq: Number(tokens[at + 3]),
    consumerSeq: Number(tokens[at + 4]),
    time: Number(tokens[at + 5]!.slice(0, -NANOSECONDS)),
    pending: Number(tokens[at + 6]),
  };
  const isWhole = read.attempt >= 1 && read.seq >= 1 && read.consumerSeq >= 1 && read.pending >= 0;
  return isWhole && read.time >= 0 ? read : undefined;
}
