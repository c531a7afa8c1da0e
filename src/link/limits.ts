import type { Clock, Timer } from "../clock.ts";
import { RateLimiter } from "../pacing.ts";

/**
 * How long a link cannot be evicted after its acceptance, in milliseconds, as the first frame of its opener may be on
 * its way: longer while fewer wait.
 */
const SHORTEST_GRACE = 20;
const LONGEST_GRACE = 250;
/** How long those that wait should take to get a place, in milliseconds. */
const WAIT = 500;
/** The longest wait for a place, in milliseconds: handlers of evicted links may still run. */
const PATIENCE = 1_000;
/** How many may wait; one more refuses the one that has waited longest. */
const MOST_WAITING = 1_024;

/** A link that has a place. */
export interface Occupant {
  /** Whether it is open, and its opener has sent nothing since the opening. */
  readonly isSilent: boolean;
  /** Ends it, as others wait; its handler frees the place. */
  evict(): void;
}

interface Waiting {
  readonly resolve: (hasPlace: boolean) => void;
  /** By the clock. */
  readonly until: number;
}

/**
 * Limits how many run at a time, and how many begin within a second. If places are short, it evicts the oldest ones
 * whose opener has sent nothing since the opening: silent openers must not keep all others out.
 */
export class Limiter {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #rate: RateLimiter | undefined;
  /** Those that may be silent, and since when, the oldest first. */
  readonly #silent = new Map<Occupant, number>();
  /** Those whose handlers have not freed their places yet. */
  readonly #evicted = new Set<Occupant>();
  readonly #waiting: Waiting[] = [];
  #taken = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, limit: number, rate = Infinity) {
    this.#clock = clock;
    this.#limit = limit;
    this.#rate = RateLimiter.perSecond(rate);
  }

  /**
   * Takes a place, if there is one; the caller releases it. Returns a promise if a place may become free within
   * moments.
   */
  acquire(): boolean | Promise<boolean> {
    if (this.#taken < this.#limit) {
      this.#taken++;
      return true;
    }
    this.#forgetHeard();
    if (this.#evicted.size + this.#silent.size === 0) return false;
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift()!.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ resolve, until: this.#clock.now() + PATIENCE });
    this.#look();
    return promise;
  }

  /** Notes who has a place: until its opener sends something, it may be evicted. */
  occupy(occupant: Occupant): void {
    // otherwise ten thousand that have sent something would stay here
    this.#forgetHeard();
    this.#silent.set(occupant, this.#clock.now());
  }

  /** Takes one of the openings of this second and returns 0, or returns the milliseconds until the next one. */
  takeToken(): number {
    return this.#rate?.take("", this.#clock.now()) ?? 0;
  }

  /** Frees a place, for the one that has waited longest. */
  release(occupant?: Occupant): void {
    if (occupant) {
      this.#silent.delete(occupant);
      this.#evicted.delete(occupant);
    }
    const next = this.#waiting.shift();
    if (next) next.resolve(true);
    else this.#taken--;
    if (this.#waiting.length === 0) this.#rest();
  }

  /** Evicts the oldest silent ones for those that wait, and refuses those that have waited too long. */
  #look(): void {
    const now = this.#clock.now();
    while (this.#waiting.length > 0 && this.#waiting[0]!.until <= now) {
      this.#waiting.shift()!.resolve(false);
    }
    this.#forgetHeard();
    const shared = WAIT * this.#limit / this.#waiting.length;
    const before = now - Math.max(SHORTEST_GRACE, Math.min(shared, LONGEST_GRACE));
    for (const [occupant, since] of this.#silent) {
      if (this.#evicted.size >= this.#waiting.length || since > before) break;
      this.#silent.delete(occupant);
      if (!occupant.isSilent) continue;
      this.#evicted.add(occupant);
      occupant.evict();
    }
    if (this.#evicted.size + this.#silent.size === 0) {
      for (const { resolve } of this.#waiting.splice(0)) resolve(false);
    }
    if (this.#waiting.length === 0) return this.#rest();
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, SHORTEST_GRACE);
  }

  #rest(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Forgets those at the front that have sent something. */
  #forgetHeard(): void {
    for (const occupant of this.#silent.keys()) {
      if (occupant.isSilent) return;
      this.#silent.delete(occupant);
    }
  }
}

/** The memory that a frame takes besides its bytes, so that the bounds limit empty bodies, too. */
export const FRAME = 256;

/** Holds memory for one peer, and can be ended if all together hold too much. */
export interface MemoryHolder {
  /** Whether its link is over, and it holds only unread bodies. */
  readonly isOver: boolean;
  /** Frees everything, and ends. */
  outgrown(): void;
}

/** Counts the bytes that are held for peers: each peer has a bound, and the sum has one. */
export class MemoryBudget {
  /** In bytes. */
  readonly limit: number;
  readonly #holdings = new Set<MemoryShare>();
  #bytes = 0;
  /** The part that cannot be freed by ending a link. */
  #fixed = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many bytes are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to count for a peer; a share without a `holder` cannot be ended. */
  open(bytes: number, holder?: MemoryHolder): MemoryShare {
    const holding = new MemoryShare(this, bytes, holder);
    if (holder) this.add(holding);
    else {
      this.#fixed += bytes;
      this.change(bytes);
    }
    return holding;
  }

  /** Adds a share that can be ended. */
  add(holding: MemoryShare): void {
    this.#holdings.add(holding);
    this.change(holding.bytes);
  }

  /**
   * Whether this many bytes more may be held that cannot be ended: at most half of all, as links at work would
   * otherwise have to end for what may never move on.
   */
  mayFix(more: number): boolean {
    return this.#fixed + more <= this.limit / 2 && this.makeRoom(more);
  }

  /**
   * Makes room for this many bytes more, by ending holders of more than the asking one would hold: first the links that
   * are over, then the largest.
   *
   * @returns whether there is room
   */
  makeRoom(more: number, asking?: MemoryShare): boolean {
    const least = more + (asking?.bytes ?? 0);
    while (this.#bytes + more > this.limit) {
      const largest = this.#largest();
      if (!largest || largest === asking || (!largest.isOver && largest.bytes <= least)) {
        return false;
      }
      this.#end(largest);
    }
    return true;
  }

  #largest(): MemoryShare | undefined {
    let found: MemoryShare | undefined;
    for (const holding of this.#holdings) {
      if (holding.isOver) return holding;
      if (!found || holding.bytes > found.bytes) found = holding;
    }
    return found;
  }

  #end(holding: MemoryShare): void {
    this.#holdings.delete(holding);
    holding.end();
  }

  /** Changes the total; ends as many holders as necessary, as one message can be larger than the largest share. */
  change(change: number): void {
    this.#bytes += change;
    if (change < 0) return;
    for (let largest; this.#bytes > this.limit && (largest = this.#largest());) this.#end(largest);
  }

  /** Removes a share. */
  forget(holding: MemoryShare): void {
    if (!this.#holdings.delete(holding)) this.#fixed -= holding.bytes;
    holding.close();
  }
}

/** What is held for one peer. */
export class MemoryShare {
  readonly #held: MemoryBudget;
  readonly #holder: MemoryHolder | undefined;
  #bytes: number;
  #isClosed = false;

  constructor(held: MemoryBudget, bytes: number, holder?: MemoryHolder) {
    this.#held = held;
    this.#holder = holder;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether its link is over, and it holds only unread bodies. */
  get isOver(): boolean {
    return this.#holder!.isOver;
  }

  /** Sets the number of bytes. */
  set(bytes: number): void {
    if (this.#isClosed || bytes === this.#bytes) return;
    const change = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#held.change(change);
  }

  /** Sets it to zero, for good. */
  close(): void {
    this.set(0);
    this.#isClosed = true;
  }

  /** Ends its holder. */
  end(): void {
    this.close();
    this.#holder?.outgrown();
  }
}
