import type { ResponseLimit } from "../link_options.ts";

interface SendPermit {
  /** What follows the beginning that all addresses of the other side have in common. */
  readonly name: string;
  readonly serial: number;
  readonly since: number;
  remaining: number;
}

/** An address is not used in the last part of its time, as the server's clock counts from when it saw it. */
const MARGIN = 0.8;
/** So many addresses at most, beyond the 36 that the other side keeps us in: one may come with each control frame. */
const MOST = 256;
/** A slice of a text that is at least so long would keep all of that text. */
const SHORTEST_SLICE = 13;

/**
 * Where we may send to. Whoever may publish to inboxes anyway stays with one address; under `allow_responses` each address
 * that came with a control frame is good for so many messages, and for so long.
 */
export class SendPermits {
  readonly #limit: ResponseLimit | undefined;
  /** From `#head` on; those before are used up. */
  #permits: SendPermit[] = [];
  #head = 0;
  #first: string | undefined;
  #base = "";
  #spent = 0;
  #seen = 0;
  #remaining = 0;

  constructor(limit: ResponseLimit | undefined) {
    this.#limit = limit;
  }

  /** All addresses up to this serial are of no use any more. */
  get spent(): number {
    return this.#spent;
  }

  /** How many messages can be sent. */
  remaining(now: number): number {
    if (!this.#limit) return this.#first === undefined ? 0 : Infinity;
    const oldest = now - this.#limit.expires * MARGIN;
    for (let permit; (permit = this.#permits[this.#head]) && permit.since < oldest;) this.#drop();
    return this.#remaining;
  }

  /** A control frame came with this address. */
  grant(address: string, serial: number, now: number): void {
    if (this.#first === undefined) {
      this.#first = address;
      this.#base = address.slice(0, address.lastIndexOf(".") + 1);
    }
    if (!this.#limit || serial <= this.#seen) return;
    this.#seen = serial;
    const name = ownText(address.slice(this.#base.length));
    this.#permits.push({ name, serial, since: now, remaining: this.#limit.max });
    this.#remaining += this.#limit.max;
    if (this.#permits.length - this.#head > MOST) this.#drop();
  }

  /** An address for one message, `undefined` if there is none. */
  take(now: number): string | undefined {
    if (!this.#limit) return this.#first;
    if (this.remaining(now) === 0) return undefined;
    const permit = this.#permits[this.#head]!;
    permit.remaining--;
    this.#remaining--;
    if (permit.remaining === 0) this.#drop();
    return this.#base + permit.name;
  }

  /** The connection is gone, and with it all that the server had noted. */
  clear(): void {
    if (this.#permits.length === 0) return;
    this.#permits = [];
    this.#head = 0;
    this.#remaining = 0;
    this.#spent = this.#seen;
  }

  #drop(): void {
    const { serial, remaining } = this.#permits[this.#head++]!;
    this.#remaining -= remaining;
    this.#spent = serial;
    // half of the array is behind us: letting go of it now costs each address one move at most
    if (this.#head * 2 < this.#permits.length) return;
    this.#permits = this.#permits.slice(this.#head);
    this.#head = 0;
  }
}

/** The same text, that keeps no longer one alive. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : [...text].join("");
}

/** So many messages at least the other side can always send, for what must not wait for a place in the window. */
const RESERVE = 4;
/** More would be a burst of small messages at each opening. */
const MOST_AHEAD = 32;
/** Those before have long been used, or are too old to be. */
const MOST_OPEN = 1_024;

/**
 * The addresses of reply that we gave to a side that may send only so many messages to each; it must never be without.
 */
export class IssuedReplyAddresses {
  readonly #responses: number;
  readonly #target: number;
  readonly #open = new Map<number, number>();
  #remaining = 0;

  /** `responses` is how many messages each address is good for, 0 for any number. */
  constructor(responses: number, window: number) {
    this.#responses = responses;
    this.#target = Math.max(Math.min(window, MOST_AHEAD) + RESERVE, 2 * responses);
  }

  /** Whether one more address is needed. */
  get isShort(): boolean {
    return this.#responses > 0 && this.#remaining + this.#responses <= this.#target;
  }

  /** A control frame with this serial has been sent. */
  give(serial: number): void {
    if (this.#responses === 0) return;
    this.#open.set(serial, this.#responses);
    this.#remaining += this.#responses;
    // a side that never says which it has used up must not make us keep them all
    if (this.#open.size > MOST_OPEN) this.void(this.#open.keys().next().value!);
  }

  /** A message came to the address of this serial. */
  use(serial: number): void {
    const left = this.#open.get(serial);
    if (left === undefined) return;
    this.#remaining--;
    if (left > 1) this.#open.set(serial, left - 1);
    else this.#open.delete(serial);
  }

  /**
   * The other side can use none up to this serial.
   *
   * @returns how many were not used up
   */
  void(serial: number): number {
    const before = this.#open.size;
    for (const [given, left] of this.#open) {
      if (given > serial) break;
      this.#open.delete(given);
      this.#remaining -= left;
    }
    return before - this.#open.size;
  }
}
