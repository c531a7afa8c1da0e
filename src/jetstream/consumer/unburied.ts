import type { Death } from "./dead_writer.ts";
import type { Held } from "./stored_delivery.ts";

/** How many to remember at most. */
const MOST = 1_000;
/** How long a message waits whose dead letter could not be stored, in milliseconds: at first, and at most. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

interface Unstored {
  readonly death: Death;
  readonly wait: number;
}

/**
 * What was given up, and has no dead letter yet as none could be stored: it comes again, and its handler must not run
 * again, nor its reason be forgotten.
 */
export class Unburied {
  readonly #known = new Map<string, Unstored>();

  /** Notes one that comes again; returns how long it is to wait until then, in milliseconds. */
  note(held: Held, death: Death): number {
    const key = keyOf(held);
    const before = this.#known.get(key);
    const wait = before ? Math.min(LONGEST_WAIT, before.wait * 2) : FIRST_WAIT;
    this.#known.delete(key);
    this.#known.set(key, { death, wait });
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!);
    return wait;
  }

  /** Why it was given up when it was here before. */
  deathOf(held: Held): Death | undefined {
    return this.#known.size === 0 ? undefined : this.#known.get(keyOf(held))?.death;
  }

  /** Its dead letter is stored. */
  forget(held: Held): void {
    if (this.#known.size > 0) this.#known.delete(keyOf(held));
  }
}

function keyOf({ seq, storedAt, receipt: { ack: { stream } } }: Held): string {
  return `${stream}:${seq}:${storedAt}`;
}
