import { platformClock, type Timer } from "../../clock.ts";
import type { Connection } from "./connection.ts";

/** A producer waits this long, in milliseconds, for one chunk of what it sent: then slow consumers
 * have to fend for themselves, or one of them could hold up everyone. */
const PATIENCE = 10;

/** Who fell behind while a chunk was worked on. */
export class Congestion {
  readonly #behind = new Set<Connection>();

  /** Looks at a connection that was just sent to. */
  note(connection: Connection): void {
    if (connection.congested) this.#behind.add(connection);
  }

  /** Settles when all have caught up or patience is at its end; `undefined` if nobody is behind. */
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
