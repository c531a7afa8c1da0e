import type { BrokerAccess } from "../../door/mod.ts";

/** A read that ends when its broker stops. */
interface OpenRead {
  stop(): Promise<void>;
}

/** The open reads of a broker. */
class OpenReads {
  readonly #open = new Set<OpenRead>();
  #isEnding = false;

  constructor(access: BrokerAccess) {
    // the broker may start again
    access.onConnection((change) => {
      if (change === "closed") this.#isEnding = false;
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Adds a read; `false` if the broker is stopping, when a new consumer would be left on the server. */
  enter(read: OpenRead): boolean {
    if (!this.#isEnding) this.#open.add(read);
    return !this.#isEnding;
  }

  leave(read: OpenRead): void {
    this.#open.delete(read);
  }

  /** Stops all open reads. */
  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((read) => read.stop()));
  }

  /** Stops all open reads, and rejects new ones until the connection is closed. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.stop();
  }
}

const reads = new WeakMap<BrokerAccess, OpenReads>();

/** The open reads of a broker. */
export function openReads(access: BrokerAccess): OpenReads {
  let open = reads.get(access);
  if (!open) reads.set(access, open = new OpenReads(access));
  return open;
}
