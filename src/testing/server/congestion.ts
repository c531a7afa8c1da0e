import { platformClock, type Timer } from "../../clock.ts";
import type { Connection } from "./connection.ts";

/**
 * How long a producer waits for slow consumers after each chunk, in milliseconds; after that it goes on, as one slow
 * consumer could block every producer.
 */
const PATIENCE = 10;

/** The consumers that fell behind while the server processed a chunk. */
export class Congestion {
  readonly #behind = new Set<Connection>();

  /** Checks a connection that the server has just sent to. */
  note(connection: Connection): void {
    if (connection.congested) this.#behind.add(connection);
  }

  /** Settles once all have caught up, or the time has passed; `undefined` if none is behind. */
  relief(): Promise<void> | undefined {
    if (this.#behind.size === 0) return undefined;
    const behind = [...this.#behind];
    this.#behind.clear();
    return caughtUp(behind);
  }
}

async function caughtUp(behind: readonly Connection[]): Promise<void> {
  let timer: Timer | undefined;
  let expired = false;
  const patience = new Promise<void>((resolve) => {
    timer = platformClock.setTimeout(() => {
      expired = true;
      resolve();
    }, PATIENCE);
  });
  try {
    for (const connection of behind) {
      while (connection.congested && !expired) {
        await Promise.race([connection.progress(), patience]);
      }
    }
  } finally {
    timer?.clear();
  }
}
