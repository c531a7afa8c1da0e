import type { BrokerAccess } from "../../door/mod.ts";

/** A read that the stop of its broker ends. */
interface OpenRead {
  stop(): Promise<void>;
}

/** The reads of a broker: each enters, and leaves at its end. */
class OpenReads {
  readonly #open = new Set<OpenRead>();
  #isEnding = false;

  constructor(access: BrokerAccess) {
    // the broker may start once more
    access.onConnection((change) => {
      if (change === "closed") this.#isEnding = false;
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Returns whether it may begin: the consumer of one that began now would be left on the server. */
  enter(read: OpenRead): boolean {
    if (!this.#isEnding) this.#open.add(read);
    return !this.#isEnding;
  }

  leave(read: OpenRead): void {
    this.#open.delete(read);
  }

  /** Ends those that are open. */
  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((read) => read.stop()));
  }

  /** Ends those that are open, and has none begin until the connection is closed. */
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
