import type { ResponseLimit } from "../link_options.ts";

interface SendPermit {
  /** What follows the prefix that all addresses of the peer share. */
  readonly name: string;
  readonly serial: number;
  readonly since: number;
  remaining: number;
}

/** The fraction of its lifetime for which an address is used, as the server's clock has started earlier. */
const MARGIN = 0.8;
/** The most addresses to keep; a peer issues 36, and may send more with each control frame. */
const MOST = 256;
/** V8 keeps the whole text alive for a slice of at least this length. */
const SHORTEST_SLICE = 13;

/**
 * The addresses to which this side may send. A side that may publish to every inbox keeps to one address; under
 * `allow_responses` each address that a control frame brings is good for a limited number of messages, for a limited
 * time.
 */
export class SendPermits {
  readonly #limit: ResponseLimit | undefined;
  /** Those before `#head` are used up. */
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

  /** All addresses up to this serial are used up or expired. */
  get spent(): number {
    return this.#spent;
  }

  /** How many messages this side may still send. */
  remaining(now: number): number {
    if (!this.#limit) return this.#first === undefined ? 0 : Infinity;
    const oldest = now - this.#limit.expires * MARGIN;
    for (let permit; (permit = this.#permits[this.#head]) && permit.since < oldest;) this.#drop();
    return this.#remaining;
  }

  /** Takes the address that a control frame brings. */
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

  /** Takes an address for one message; `undefined` if none is left. */
  take(now: number): string | undefined {
    if (!this.#limit) return this.#first;
    if (this.remaining(now) === 0) return undefined;
    const permit = this.#permits[this.#head]!;
    permit.remaining--;
    this.#remaining--;
    if (permit.remaining === 0) this.#drop();
    return this.#base + permit.name;
  }

  /** The connection is lost, and with it the permits that the server had noted. */
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
    // half of the array is used up: compacting it now moves each address once at most
    if (this.#head * 2 < this.#permits.length) return;
    this.#permits = this.#permits.slice(this.#head);
    this.#head = 0;
  }
}

/** A copy that does not keep a longer text alive. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : [...text].join("");
}

/** The peer can always send at least this many messages, for frames that must not wait for the window. */
const RESERVE = 4;
/** More would be a burst of small messages at each opening. */
const MOST_AHEAD = 32;
/** The most issued addresses to count; older ones are used up or expired. */
const MOST_OPEN = 1_024;

/**
 * The reply addresses issued to a limited peer, which may send only so many messages to each and must never run out.
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

  /** Whether the peer needs another address. */
  get isShort(): boolean {
    return this.#responses > 0 && this.#remaining + this.#responses <= this.#target;
  }

  /** A control frame with this serial issues an address. */
  give(serial: number): void {
    if (this.#responses === 0) return;
    this.#open.set(serial, this.#responses);
    this.#remaining += this.#responses;
    // a peer that never says which it has used must not make us keep all of them
    if (this.#open.size > MOST_OPEN) this.void(this.#open.keys().next().value!);
  }

  /** A message has used the address of this serial. */
  use(serial: number): void {
    const left = this.#open.get(serial);
    if (left === undefined) return;
    this.#remaining--;
    if (left > 1) this.#open.set(serial, left - 1);
    else this.#open.delete(serial);
  }

  /**
   * The peer can use none up to this serial.
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
