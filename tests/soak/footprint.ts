import { usedMemory } from "../support/memory.ts";

/** What a process takes up, in bytes. */
export interface Footprint {
  /** What the program itself holds: on the heap, and as bytes outside of it. */
  readonly held: number;
  /** What the system has given the process. */
  readonly rss: number;
}

/** What is taken up once everything unreachable has been collected. */
export function footprint(): Footprint {
  const heap = usedMemory();
  const { external, rss } = Deno.memoryUsage();
  return { held: heap + external, rss };
}

/** What is taken up now; what could have been collected but was not yet is part of it. */
export function uncollected(): Footprint {
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return { held: heapUsed + external, rss };
}

/** Looks every so often until it is disposed, and keeps the largest it saw. */
export class Watch implements Disposable {
  #peak: Footprint = { held: 0, rss: 0 };
  readonly #look: () => Footprint;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(milliseconds: number, look: () => Footprint = uncollected) {
    this.#look = look;
    this.#timer = setInterval(() => this.#keep(), milliseconds);
  }

  /** The largest until now. */
  get peak(): Footprint {
    this.#keep();
    return this.#peak;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #keep(): void {
    const { held, rss } = this.#look();
    this.#peak = { held: Math.max(this.#peak.held, held), rss: Math.max(this.#peak.rss, rss) };
  }
}
