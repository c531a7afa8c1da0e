/** How often the server lets us send to one address of reply, and for how long, in milliseconds. */
export interface Allowance {
  readonly max: number;
  readonly expires: number;
}

interface Right {
  /** What follows the beginning that all addresses of the other side have in common. */
  readonly name: string;
  readonly serial: number;
  readonly since: number;
  left: number;
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
export class Rights {
  readonly #allowance: Allowance | undefined;
  /** From `#head` on; those before are used up. */
  #rights: Right[] = [];
  #head = 0;
  #first: string | undefined;
  #base = "";
  #spent = 0;
  #seen = 0;
  #left = 0;

  constructor(allowance: Allowance | undefined) {
    this.#allowance = allowance;
  }

  /** All addresses up to this serial are of no use any more. */
  get spent(): number {
    return this.#spent;
  }

  /** How many messages can be sent. */
  left(now: number): number {
    if (!this.#allowance) return this.#first === undefined ? 0 : Infinity;
    const oldest = now - this.#allowance.expires * MARGIN;
    for (let right; (right = this.#rights[this.#head]) && right.since < oldest;) this.#drop();
    return this.#left;
  }

  /** A control frame came with this address. */
  grant(address: string, serial: number, now: number): void {
    if (this.#first === undefined) {
      this.#first = address;
      this.#base = address.slice(0, address.lastIndexOf(".") + 1);
    }
    if (!this.#allowance || serial <= this.#seen) return;
    this.#seen = serial;
    const name = ownText(address.slice(this.#base.length));
    this.#rights.push({ name, serial, since: now, left: this.#allowance.max });
    this.#left += this.#allowance.max;
    if (this.#rights.length - this.#head > MOST) this.#drop();
  }

  /** An address for one message, `undefined` if there is none. */
  take(now: number): string | undefined {
    if (!this.#allowance) return this.#first;
    if (this.left(now) === 0) return undefined;
    const right = this.#rights[this.#head]!;
    right.left--;
    this.#left--;
    if (right.left === 0) this.#drop();
    return this.#base + right.name;
  }

  /** The connection is gone, and with it all that the server had noted. */
  clear(): void {
    if (this.#rights.length === 0) return;
    this.#rights = [];
    this.#head = 0;
    this.#left = 0;
    this.#spent = this.#seen;
  }

  #drop(): void {
    const { serial, left } = this.#rights[this.#head++]!;
    this.#left -= left;
    this.#spent = serial;
    // half of the array is behind us: letting go of it now costs each address one move at most
    if (this.#head * 2 < this.#rights.length) return;
    this.#rights = this.#rights.slice(this.#head);
    this.#head = 0;
  }
}

/** The same text, that keeps no longer one alive. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : [...text].join("");
}
