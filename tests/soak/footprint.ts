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

/** Looks every so often until it is disposed, and keeps the largest it saw. */
export class Watch implements Disposable {
  #peak: Footprint = { held: 0, rss: 0 };
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(milliseconds: number) {
    this.#timer = setInterval(() => this.#look(), milliseconds);
  }

  /** The largest until now; what could have been collected but was not yet is part of it. */
  get peak(): Footprint {
    this.#look();
    return this.#peak;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { heapUsed, external, rss } = Deno.memoryUsage();
    const held = Math.max(this.#peak.held, heapUsed + external);
    this.#peak = { held, rss: Math.max(this.#peak.rss, rss) };
  }
}
