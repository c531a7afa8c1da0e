import type { Timer } from "../../../clock.ts";
import type { BrokerAccess, Invocation } from "../../../door/mod.ts";
import { PROGRESS } from "../ack_words.ts";
import type { Held } from "../stored_delivery.ts";

/** How often to hear of the server within the time that it waits for a word about a message. */
const OFTEN = 6;

/** What a lease was for, and until when it surely holds. */
interface Lease {
  until: number;
  invocation: Invocation | undefined;
}

/**
 * Knows until when the server surely gives a message to nobody else: it waits `ackWait` from when it last heard of it, and
 * that is later than we sent what it has confirmed. Only round trips count, so that a delivery that lay unread while this
 * process stood still is known to be stale. All by the clock of this process, whose date does not matter.
 */
export class Leases {
  readonly #access: BrokerAccess;
  readonly #ackWait: number;
  readonly #lost: (held: Held, invocation: Invocation | undefined) => void;
  readonly #leases = new Map<Held, Lease>();
  #timer: Timer | undefined;
  /** When the last round trip began that has ended: what is read now was sent later. */
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

  /** Makes sure of the server; resolves once that is done. */
  async open(): Promise<void> {
    await this.#hear();
    this.#tick();
  }

  /** A message was delivered; returns whether it is surely still ours. */
  begin(held: Held): boolean {
    const until = this.#since + this.#ackWait;
    if (this.#access.clock.now() >= until - this.#margin) return false;
    held.sureUntil = until - this.#margin;
    this.#leases.set(held, { until, invocation: undefined });
    return true;
  }

  /** Its handler begins; returns whether it may. */
  run(held: Held, invocation: Invocation): boolean {
    const lease = this.#leases.get(held);
    if (!lease) return false;
    lease.invocation = invocation;
    return this.#look(held, lease);
  }

  /** Whether the message is surely still ours, to say what became of it. */
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

  /** What is read after this was sent after it began. */
  async #hear(): Promise<void> {
    const began = this.#access.clock.now();
    await this.#access.flush();
    this.#since = Math.max(this.#since, began);
  }

  #extend(held: Held, lease: Lease): void {
    const { clock } = this.#access;
    const began = clock.now();
    const confirmed = () => {
      // what was confirmed too late may be another's
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
