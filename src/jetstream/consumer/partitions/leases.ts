import type { Timer } from "../../../clock.ts";
import type { BrokerAccess, Invocation } from "../../../door/mod.ts";
import { PROGRESS } from "../ack_words.ts";
import type { Held } from "../stored_delivery.ts";

/** `ackWait` divided by this is the margin by which a lease ends early; a lease is renewed twice within the margin. */
const OFTEN = 6;

/** A message and the time until which it certainly belongs to this process. */
interface Lease {
  until: number;
  invocation: Invocation | undefined;
}

/**
 * Knows until when the server certainly gives a message to no other process: until `ackWait` after it last heard of the
 * message. This counts from when this process sent the request that the server has confirmed, which is earlier. Only round
 * trips count, so that a delivery that lay unread while this process stood still is known to be stale. All times are by the
 * clock of this process; its date does not matter.
 */
export class Leases {
  readonly #access: BrokerAccess;
  readonly #ackWait: number;
  readonly #lost: (held: Held, invocation: Invocation | undefined) => void;
  readonly #leases = new Map<Held, Lease>();
  #timer: Timer | undefined;
  /** When the last completed round trip began; a message read now was sent after that. */
  #since = -Infinity;
  #isOver = false;

  constructor(
    access: BrokerAccess,
    ackWait: number,
    lost: (held: Held, invocation: Invocation | undefined) => void,
  ) {
    this.#access = access;
    this.#ackWait = ackWait;
    this.#lost = lost;
  }

  /** Starts the round trips; resolves after the first one. */
  async open(): Promise<void> {
    await this.#hear();
    this.#tick();
  }

  /** Begins the lease of a delivered message; returns whether this process certainly has the message. */
  begin(held: Held): boolean {
    const until = this.#since + this.#ackWait;
    if (this.#access.clock.now() >= until - this.#margin) return false;
    held.sureUntil = until - this.#margin;
    this.#leases.set(held, { until, invocation: undefined });
    return true;
  }

  /** Notes that the handler begins; returns whether it may. */
  run(held: Held, invocation: Invocation): boolean {
    const lease = this.#leases.get(held);
    if (!lease) return false;
    lease.invocation = invocation;
    return this.#look(held, lease);
  }

  /** Whether this process certainly has the message, so that it may settle it. */
  holds(held: Held): boolean {
    const lease = this.#leases.get(held);
    return lease !== undefined && this.#look(held, lease);
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.clear();
    this.#leases.clear();
  }

  get #margin(): number {
    return this.#ackWait / OFTEN;
  }

  readonly #tick = (): void => {
    if (this.#isOver) return;
    this.#timer = this.#access.clock.setTimeout(this.#tick, this.#margin / 2);
    for (const [held, lease] of [...this.#leases]) {
      if (held.isSettled) this.#leases.delete(held);
      else if (this.#look(held, lease)) this.#extend(held, lease);
    }
    this.#hear().catch(() => {});
  };

  /** Makes a round trip to the server. Messages that are read after it were sent after it began. */
  async #hear(): Promise<void> {
    const began = this.#access.clock.now();
    await this.#access.flush();
    this.#since = Math.max(this.#since, began);
  }

  #extend(held: Held, lease: Lease): void {
    const { clock } = this.#access;
    const began = clock.now();
    const confirmed = () => {
      // after a late confirmation, another process may have the message
      if (this.#leases.get(held) !== lease || !this.#look(held, lease)) return;
      lease.until = Math.max(lease.until, began + this.#ackWait);
      held.sureUntil = lease.until - this.#margin;
    };
    this.#access.request(held.ackTo, PROGRESS, { timeout: this.#ackWait / 2 })
      .then(confirmed, () => {});
  }

  #look(held: Held, lease: Lease): boolean {
    if (this.#access.clock.now() < lease.until - this.#margin) return true;
    this.#leases.delete(held);
    this.#lost(held, lease.invocation);
    return false;
  }
}
