import { InvalidSubjectError } from "../errors.ts";
import { countsAsUnconfirmed, type EncodedMessage } from "../message/encoded_message.ts";

/** An unsent message, with a copy of its bytes from the time of publishing. */
export interface Unsent {
  readonly outgoing: EncodedMessage;
  readonly data: Uint8Array;
}

/** The usual room of a segment, in bytes. */
export const SIZE = 65_536;
const [SPACE, CR, LF, ZERO] = [32, 13, 10, 48] as const;
/** Room for the words and numbers of a `HPUB` line, the blanks between them, and both line ends. */
const LINE = 40;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const WIDEST = 3;
const BREAKING = /[\0-\x20\x7f]/;
const encoder = new TextEncoder();
const PUB = encoder.encode("PUB ");
const HPUB = encoder.encode("HPUB ");

/**
 * A buffer of encoded commands and messages for one write. It encodes lines in place: encoding each line separately and
 * joining it with the body took half of the time of publishing.
 */
export class Segment {
  readonly #bytes: Uint8Array;
  readonly #messages: EncodedMessage[] = [];
  /** Where each message begins, and where it ends. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #used = 0;
  #unconfirmed = 0;

  /** Makes a segment with room for at least `least` bytes. */
  constructor(least = 0) {
    this.#bytes = new Uint8Array(Math.max(SIZE, least));
  }

  /** Whether it has the usual size, and not that of one large message. */
  get isUsual(): boolean {
    return this.#bytes.length === SIZE;
  }

  /** How many bytes it has room for. */
  get size(): number {
    return this.#bytes.length;
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#used;
  }

  /** How many of its messages count as unconfirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** The bytes to send; `clear` reuses the same buffer. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  fits(length: number): boolean {
    return this.#used + length <= this.#bytes.length;
  }

  /** Adds a command as it is. */
  addCommand(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /**
   * Adds a message.
   *
   * @throws {InvalidSubjectError} if a blank or a control character would break its line apart; adds nothing then
   */
  addMessage(outgoing: EncodedMessage): void {
    const { subject, replyTo, headerBlock, data } = outgoing;
    const bytes = this.#bytes;
    const headers = headerBlock?.length ?? 0;
    const from = this.#used;
    let at = copied(bytes, from, headerBlock ? HPUB : PUB);
    at = written(bytes, at, subject);
    if (replyTo !== "") at = written(bytes, at, replyTo);
    if (headerBlock) at = counted(bytes, at, headers, SPACE);
    at = counted(bytes, at, headers + data.length, CR);
    bytes[at++] = LF;
    if (headerBlock) at = copied(bytes, at, headerBlock);
    at = copied(bytes, at, data);
    bytes[at++] = CR;
    bytes[at++] = LF;
    this.#used = at;
    // a message that is dropped on disconnect cannot be taken out again
    if (outgoing.dropOnDisconnect) return;
    this.#messages.push(outgoing);
    this.#starts.push(from);
    this.#ends.push(at);
    if (countsAsUnconfirmed(outgoing)) this.#unconfirmed++;
  }

  /** The messages that are not cancelled, each with a copy of its body. */
  unsent(): Unsent[] {
    return this.#messages.map((outgoing, index) => {
      const end = this.#ends[index]! - 2;
      return { outgoing, data: this.#bytes.slice(end - outgoing.data.length, end) };
    });
  }

  /** How many messages can be taken out again. */
  get count(): number {
    return this.#messages.length;
  }

  has(outgoing: EncodedMessage): boolean {
    return this.#messages.includes(outgoing);
  }

  /**
   * Removes messages that were cancelled since they were added, and closes the gaps; returns how many were unconfirmed.
   */
  thin(): number {
    const before = this.#unconfirmed;
    let to = 0;
    let from = 0;
    let kept = 0;
    const { length } = this.#messages;
    const move = (until: number) => {
      if (to !== from) this.#bytes.copyWithin(to, from, until);
      to += until - from;
      from = until;
    };
    for (let index = 0; index < length; index++) {
      const [start, end] = [this.#starts[index]!, this.#ends[index]!];
      move(start);
      const message = this.#messages[index]!;
      if (message.dropOnDisconnect) {
        from = end;
        if (!message.isAwaited) this.#unconfirmed--;
        continue;
      }
      this.#messages[kept] = message;
      this.#starts[kept] = to;
      move(end);
      this.#ends[kept++] = to;
    }
    move(this.#used);
    this.#used = to;
    this.#messages.length = this.#starts.length = this.#ends.length = kept;
    return before - this.#unconfirmed;
  }

  clear(): void {
    this.#used = 0;
    this.#unconfirmed = 0;
    this.#messages.length = 0;
    this.#starts.length = 0;
    this.#ends.length = 0;
  }
}

/**
 * Checks that the addresses would not break the line of a message apart.
 *
 * @throws {InvalidSubjectError} if an address holds a blank or a control character
 */
export function checkAddresses(
  { subject, replyTo }: Pick<EncodedMessage, "subject" | "replyTo">,
): void {
  for (const address of [subject, replyTo]) {
    if (BREAKING.test(address)) throw breaking(address);
  }
}

/** How many bytes a message needs at most. */
export function roomOf({ subject, replyTo, headerBlock, data }: EncodedMessage): number {
  const text = (subject.length + replyTo.length) * WIDEST;
  return LINE + text + (headerBlock?.length ?? 0) + data.length;
}

function copied(bytes: Uint8Array, at: number, what: Uint8Array): number {
  bytes.set(what, at);
  return at + what.length;
}

/** Writes a subject and a blank, in a loop: for short ASCII, as nearly all subjects are, `encodeInto` takes longer. */
function written(bytes: Uint8Array, at: number, subject: string): number {
  for (let from = 0; from < subject.length; from++) {
    const code = subject.charCodeAt(from);
    if (code <= SPACE || code >= 127) return writtenWide(bytes, at, subject);
    bytes[at + from] = code;
  }
  bytes[at + subject.length] = SPACE;
  return at + subject.length + 1;
}

/** Writes a subject that is not ASCII: a peer's reply address may be any UTF-8 without blanks. */
function writtenWide(bytes: Uint8Array, at: number, subject: string): number {
  if (BREAKING.test(subject)) throw breaking(subject);
  const end = at + encoder.encodeInto(subject, bytes.subarray(at)).written;
  bytes[end] = SPACE;
  return end + 1;
}

/** Writes a number, and one byte after it. */
function counted(bytes: Uint8Array, at: number, number: number, behind: number): number {
  let digits = 1;
  for (let most = 10; number >= most; most *= 10) digits++;
  for (let place = digits - 1, rest = number; place >= 0; place--) {
    bytes[at + place] = ZERO + rest % 10;
    rest = Math.floor(rest / 10);
  }
  bytes[at + digits] = behind;
  return at + digits + 1;
}

function breaking(address: string): InvalidSubjectError {
  return new InvalidSubjectError("publish", "a subject must have no blanks", address);
}
