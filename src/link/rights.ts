/** How often the server lets us send to one address of reply, and for how long, in milliseconds. */
export interface Allowance {
  readonly max: number;
  readonly expires: number;
}

interface Right {
  readonly address: string;
  readonly serial: number;
  readonly since: number;
  left: number;
}

/** An address is not used in the last part of its time, as the server's clock counts from when it saw it. */
const MARGIN = 0.8;

/**
 * Where we may send to. Whoever may publish to inboxes anyway stays with one address; under `allow_responses` each address
 * that came with a control frame is good for so many messages, and for so long.
 */
export class Rights {
  readonly #allowance: Allowance | undefined;
  readonly #rights: Right[] = [];
  #first: string | undefined;
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
    while (this.#rights[0] && this.#rights[0].since < oldest) this.#drop();
    return this.#left;
  }

  /** A control frame came with this address. */
  grant(address: string, serial: number, now: number): void {
    this.#first ??= address;
    if (!this.#allowance || serial <= this.#seen) return;
    this.#seen = serial;
    this.#rights.push({ address, serial, since: now, left: this.#allowance.max });
    this.#left += this.#allowance.max;
  }

  /** An address for one message, `undefined` if there is none. */
  take(now: number): string | undefined {
    if (!this.#allowance) return this.#first;
    if (this.left(now) === 0) return undefined;
    const right = this.#rights[0]!;
    right.left--;
    this.#left--;
    if (right.left === 0) this.#drop();
    return right.address;
  }

  /** The connection is gone, and with it all that the server had noted. */
  clear(): void {
    this.#rights.length = 0;
    this.#left = 0;
    this.#spent = this.#seen;
  }

  #drop(): void {
    const { serial, left } = this.#rights.shift()!;
    this.#left -= left;
    this.#spent = serial;
  }
}
