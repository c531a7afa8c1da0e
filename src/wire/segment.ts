import { InvalidSubjectError } from "../errors.ts";
import { isUnwatched, type Outgoing } from "../message/outgoing.ts";

/** A message that has not left, with its bytes as they were when it was given. */
export interface Unsent {
  readonly outgoing: Outgoing;
  readonly data: Uint8Array;
}

const SIZE = 65_536;
const [SPACE, CR, LF, ZERO] = [32, 13, 10, 48] as const;
/** The words and numbers of a `HPUB` line, the blanks between them, and both line ends. */
const LINE = 40;
/** UTF-8 takes three bytes at most for each unit of a text. */
const WIDEST = 3;
const BREAKING = /[\0-\x20\x7f]/;
const encoder = new TextEncoder();
const PUB = encoder.encode("PUB ");
const HPUB = encoder.encode("HPUB ");

/**
 * Commands and messages as they stand on the wire, which go out in one write. Written in place: a line that is encoded
 * by itself, and joined with what follows it, took half of the time of publishing.
 */
export class Segment {
  readonly #bytes: Uint8Array;
  readonly #messages: Outgoing[] = [];
  /** Where each message begins, and where it ends. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #used = 0;
  #unwatched = 0;

  /** One that takes at least so many bytes. */
  constructor(least = 0) {
    this.#bytes = new Uint8Array(Math.max(SIZE, least));
  }

  /** Whether it is as large as most, and so can be used again for any. */
  get isUsual(): boolean {
    return this.#bytes.length === SIZE;
  }

  /** In bytes. */
  get length(): number {
    return this.#used;
  }

  /** How many messages it has that nobody would notice if they were lost. */
  get unwatched(): number {
    return this.#unwatched;
  }

  /** What is to be written; the same bytes are used again after `clear`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  fits(length: number): boolean {
    return this.#used + length <= this.#bytes.length;
  }

  /** Takes a command as it is. */
  addCommand(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /**
   * Takes a message.
   *
   * @throws {InvalidSubjectError} if a blank or a control character would break its line apart; it is not taken then
   */
  addMessage(outgoing: Outgoing): void {
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
    // what is forgotten once it is written need not be known
    if (outgoing.isForgotten) return;
    this.#messages.push(outgoing);
    this.#starts.push(from);
    this.#ends.push(at);
    if (isUnwatched(outgoing)) this.#unwatched++;
  }

  /** Its messages that are not forgotten, each with a copy of its body. */
  unsent(): Unsent[] {
    return this.#messages.map((outgoing, index) => {
      const end = this.#ends[index]! - 2;
      return { outgoing, data: this.#bytes.slice(end - outgoing.data.length, end) };
    });
  }

  /** How many messages it has that can be taken out again. */
  get count(): number {
    return this.#messages.length;
  }

  has(outgoing: Outgoing): boolean {
    return this.#messages.includes(outgoing);
  }

  /** Takes out the messages that were forgotten since they came, and all else moves up; gives how many were unwatched. */
  thin(): number {
    const before = this.#unwatched;
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
      if (message.isForgotten) {
        from = end;
        if (!message.isAwaited) this.#unwatched--;
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
    return before - this.#unwatched;
  }

  clear(): void {
    this.#used = 0;
    this.#unwatched = 0;
    this.#messages.length = 0;
    this.#starts.length = 0;
    this.#ends.length = 0;
  }
}

/**
 * Refuses what would break the line of a message apart.
 *
 * @throws {InvalidSubjectError} if there is a blank or a control character in an address
 */
export function checkAddresses({ subject, replyTo }: Pick<Outgoing, "subject" | "replyTo">): void {
  for (const address of [subject, replyTo]) {
    if (BREAKING.test(address)) throw breaking(address);
  }
}

/** How many bytes a message takes at most. */
export function roomOf({ subject, replyTo, headerBlock, data }: Outgoing): number {
  const text = (subject.length + replyTo.length) * WIDEST;
  return LINE + text + (headerBlock?.length ?? 0) + data.length;
}

function copied(bytes: Uint8Array, at: number, what: Uint8Array): number {
  bytes.set(what, at);
  return at + what.length;
}

/** Writes a subject and a blank: nearly all are short and ASCII, for which `encodeInto` takes longer than a loop. */
function written(bytes: Uint8Array, at: number, subject: string): number {
  for (let from = 0; from < subject.length; from++) {
    const code = subject.charCodeAt(from);
    if (code <= SPACE || code >= 127) return writtenWide(bytes, at, subject);
    bytes[at + from] = code;
  }
  bytes[at + subject.length] = SPACE;
  return at + subject.length + 1;
}

/** A peer's address of reply may be any UTF-8 that does not end the word. */
function writtenWide(bytes: Uint8Array, at: number, subject: string): number {
  if (BREAKING.test(subject)) throw breaking(subject);
  const end = at + encoder.encodeInto(subject, bytes.subarray(at)).written;
  bytes[end] = SPACE;
  return end + 1;
}

/** Writes a number, and one byte behind it. */
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
