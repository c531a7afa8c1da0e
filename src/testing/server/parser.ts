import { platformClock } from "../../clock.ts";
import { byteString } from "./byte_string.ts";
import { findOperation, isBlank } from "./operation.ts";
import type { ProtocolHandler, PublishLine } from "./protocol.ts";

const LF = 10;
const CR = 13;
/** Room for an operation's name and white space before the arguments of a split line. */
const PREFIX_ROOM = 64;
/** Nine digits, as in nats-server: the longest number that cannot overflow anything. */
const MAX_DIGITS = 9;
const MAX_ARGUMENTS = 4;
/** After how many lines and payloads to read the clock. */
const LOOK_EVERY = 16;
/** The first buffer for a payload that arrives in parts, in bytes: a client may announce more than it sends. */
const FIRST_PART = 16 * 1024;

/** Reads the client protocol from chunks that may end anywhere, and copies only what arrives in parts. */
export class Parser {
  readonly #handler: ProtocolHandler;
  readonly #maxControlLine: number;
  readonly #bounds: number[] = new Array(2 * MAX_ARGUMENTS).fill(0);
  #kept = new Uint8Array(0);
  #keptLength = 0;
  #announced: PublishLine | undefined;
  #payload: Uint8Array | undefined;
  #filled = 0;
  #stopped = false;

  constructor(handler: ProtocolHandler, maxControlLine: number) {
    this.#handler = handler;
    this.#maxControlLine = maxControlLine;
  }

  /**
   * Reads a chunk. The caller may reuse the bytes once this returns.
   *
   * @returns how far it came until then, by the platform's clock; once it is stopped, to the end
   */
  parse(bytes: Uint8Array, from = 0, until = Infinity): number {
    let at = from;
    for (let steps = 1; at < bytes.length && !this.#stopped; steps++) {
      at = this.#announced
        ? this.#readPayload(bytes, at, this.#announced)
        : this.#readLine(bytes, at);
      if (steps % LOOK_EVERY === 0 && platformClock.now() > until) break;
    }
    return this.#stopped ? bytes.length : at;
  }

  /** Ignores everything from now on, including the rest of the current chunk. */
  stop(): void {
    this.#stopped = true;
    this.#kept = new Uint8Array(0);
    this.#payload = undefined;
  }

  #readLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(LF, at);
    if (end === -1) return this.#keep(bytes, at, bytes.length);
    if (this.#keptLength === 0) {
      this.#execute(bytes, at, end);
      return end + 1;
    }
    this.#keep(bytes, at, end);
    const length = this.#keptLength;
    this.#keptLength = 0;
    if (!this.#stopped) this.#execute(this.#kept, 0, length);
    return end + 1;
  }

  /** Keeps the start of a line whose end has not arrived; reports an invalid one without waiting for the end. */
  #keep(bytes: Uint8Array, start: number, end: number): number {
    const limit = this.#maxControlLine + PREFIX_ROOM;
    const length = Math.min(end - start, limit + 1 - this.#keptLength);
    const needed = this.#keptLength + length;
    if (this.#kept.length < needed) {
      const grown = new Uint8Array(Math.min(Math.max(256, 2 * needed), limit + 1));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(start, start + length), this.#keptLength);
    this.#keptLength = needed;
    const operation = findOperation(this.#kept, 0, needed, true);
    if (!operation) this.#handler.unknownOperation();
    else if (needed > limit) this.#handler.controlLineTooLong();
    return end;
  }

  #execute(bytes: Uint8Array, start: number, end: number): void {
    const operation = findOperation(bytes, start, end, false);
    if (!operation) return this.#handler.unknownOperation();
    let from = start + operation.bytes.length;
    while (from < end && isBlank(bytes[from]!)) from++;
    const to = end > from && bytes[end - 1] === CR ? end - 1 : end;
    if (
      to - from > this.#maxControlLine && operation.name !== "ping" && operation.name !== "pong"
    ) {
      return this.#handler.controlLineTooLong();
    }
    switch (operation.name) {
      case "pub":
      case "hpub":
        return this.#publishLine(bytes, this.#split(bytes, from, to), operation.name === "hpub");
      case "sub":
        return this.#subscribeLine(bytes, this.#split(bytes, from, to));
      case "unsub":
        return this.#unsubscribeLine(bytes, this.#split(bytes, from, to));
      case "connect":
        return this.#handler.connect(bytes.subarray(from, to));
      case "ping":
        return this.#handler.ping();
      case "pong":
        return this.#handler.pong();
      case "-err":
        return this.#handler.malformed();
      case "info":
      case "+ok":
        return;
    }
  }

  #publishLine(bytes: Uint8Array, count: number, withHeaders: boolean): void {
    const sizes = withHeaders ? 2 : 1;
    const replies = count - 1 - sizes;
    if (replies !== 0 && replies !== 1) return this.#handler.malformed();
    const size = this.#size(bytes, count - 1);
    const headerSize = withHeaders ? this.#size(bytes, count - 2) : -1;
    const line: PublishLine = {
      subject: this.#argument(bytes, 0),
      reply: replies === 1 ? this.#argument(bytes, 1) : "",
      headerSize,
      size,
    };
    if (size < 0 || (withHeaders && (headerSize < 0 || headerSize > size))) {
      return this.#handler.malformed();
    }
    if (this.#handler.announce(line)) this.#announced = line;
  }

  #subscribeLine(bytes: Uint8Array, count: number): void {
    if (count !== 2 && count !== 3) return this.#handler.malformed();
    this.#handler.subscribe(
      this.#argument(bytes, 0),
      count === 3 ? this.#argument(bytes, 1) : undefined,
      this.#argument(bytes, count - 1),
    );
  }

  #unsubscribeLine(bytes: Uint8Array, count: number): void {
    if (count !== 1 && count !== 2) return this.#handler.malformed();
    this.#handler.unsubscribe(this.#argument(bytes, 0), count === 2 ? this.#size(bytes, 1) : -1);
  }

  #readPayload(bytes: Uint8Array, at: number, line: PublishLine): number {
    const { size } = line;
    if (!this.#payload && bytes.length - at >= size + 2) {
      this.#complete(line, bytes, at);
      return at + size + 2;
    }
    const count = Math.min(size + 2 - this.#filled, bytes.length - at);
    const payload = this.#roomFor(this.#filled + count, size + 2);
    payload.set(bytes.subarray(at, at + count), this.#filled);
    this.#filled += count;
    if (this.#filled === size + 2) this.#complete(line, payload, 0);
    else if (this.#filled > size && payload[size] !== CR) this.#handler.unknownOperation();
    return at + count;
  }

  /** The payload so far, in a buffer for so many of the announced bytes. */
  #roomFor(count: number, whole: number): Uint8Array {
    const known = this.#payload;
    if (known && known.length >= count) return known;
    const grown = new Uint8Array(Math.min(whole, Math.max(FIRST_PART, 2 * count)));
    if (known) grown.set(known.subarray(0, this.#filled));
    return this.#payload = grown;
  }

  #complete(line: PublishLine, bytes: Uint8Array, at: number): void {
    const end = at + line.size;
    this.#announced = undefined;
    this.#payload = undefined;
    this.#filled = 0;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) return this.#handler.unknownOperation();
    this.#handler.publish(line, bytes.subarray(at, end));
  }

  /** Notes where the arguments are, and returns how many there are, up to one more than any line has. */
  #split(bytes: Uint8Array, from: number, to: number): number {
    let count = 0;
    let at = from;
    while (at < to) {
      const start = at;
      while (at < to && !isBlank(bytes[at]!)) at++;
      if (count === MAX_ARGUMENTS) return count + 1;
      this.#bounds[2 * count] = start;
      this.#bounds[2 * count + 1] = at;
      count++;
      while (at < to && isBlank(bytes[at]!)) at++;
    }
    return count;
  }

  #argument(bytes: Uint8Array, index: number): string {
    return byteString(bytes, this.#bounds[2 * index]!, this.#bounds[2 * index + 1]!);
  }

  #size(bytes: Uint8Array, index: number): number {
    const start = this.#bounds[2 * index]!;
    const end = this.#bounds[2 * index + 1]!;
    if (end - start > MAX_DIGITS) return -1;
    let size = 0;
    for (let i = start; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return -1;
      size = 10 * size + digit;
    }
    return size;
  }
}
