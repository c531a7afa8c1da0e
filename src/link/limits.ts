import type { Clock, Timer } from "../clock.ts";
import { RateLimiter } from "../pacing.ts";

/**
 * So long after its acceptance a link is let be, in milliseconds, as its first word may be on its way: the longer, the
 * fewer wait.
 */
const SHORTEST_GRACE = 20;
const LONGEST_GRACE = 250;
/** Within so many milliseconds those that wait should have a place. */
const WAIT = 500;
/** How long somebody waits at most, in milliseconds, as those that were ended may still be at work. */
const PATIENCE = 1_000;
/** How many wait so; beyond it the one that has waited longest is refused. */
const MOST_WAITING = 1_024;

/** Who has a place. */
export interface Occupant {
  /** Whether it has not ended, and nothing has come from the other side yet. */
  readonly isSilent: boolean;
  /** Ends it, as others wait; its place is free once it has left. */
  evict(): void;
}

interface Waiting {
  readonly resolve: (hasPlace: boolean) => void;
  /** By the clock. */
  readonly until: number;
}

/**
 * So many at a time and so many within a second, and no more. Where places are short, the oldest of those that have not
 * said a word goes first: openings that never say one must not keep all others out.
 */
export class Limiter {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #rate: RateLimiter | undefined;
  /** Those that may be mute and since when they are here, the oldest first. */
  readonly #silent = new Map<Occupant, number>();
  /** Those that were ended, and have not left. */
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
   * Takes a place, if there is one; whoever takes it gives it back. A promise where one may become free within
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

  /** From now on it has to go where places are short, until it has said a word. */
  occupy(occupant: Occupant): void {
    // ten thousand that have said something would be kept here, and nobody would look
    this.#forgetHeard();
    this.#silent.set(occupant, this.#clock.now());
  }

  /** Counts as one of those that come within a second and gives 0, or gives the milliseconds until it may. */
  takeToken(): number {
    return this.#rate?.take("", this.#clock.now()) ?? 0;
  }

  /** Nothing of it is here any more: the place is for whoever waits. */
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

  /** Makes room for those that wait, and tells those for whom there will be none. */
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

  /** Each is looked at once after it has said something. */
  #forgetHeard(): void {
    for (const occupant of this.#silent.keys()) {
      if (occupant.isSilent) return;
      this.#silent.delete(occupant);
    }
  }
}

/** What a frame takes up beside its bytes: bodies, or pieces, of one byte each, or of none, must not be without bounds. */
export const FRAME = 256;

/** What is held for one peer, and ended where all together is too much. */
export interface MemoryHolder {
  /** Whether only what came before its end is held. */
  readonly isOver: boolean;
  /** Lets go of all that it holds, and ends. */
  outgrown(): void;
}

/** All that is held for peers, in bytes: what each of them may have us hold is bounded, and so is the sum. */
export class MemoryBudget {
  /** In bytes. */
  readonly limit: number;
  readonly #holdings = new Set<MemoryShare>();
  #bytes = 0;
  /** Of these, what cannot be ended. */
  #fixed = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many bytes are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to count for a peer; without a `holder` it cannot be ended. */
  open(bytes: number, holder?: MemoryHolder): MemoryShare {
    const holding = new MemoryShare(this, bytes, holder);
    if (holder) this.add(holding);
    else {
      this.#fixed += bytes;
      this.change(bytes);
    }
    return holding;
  }

  /** Begins to count what can be ended. */
  add(holding: MemoryShare): void {
    this.#holdings.add(holding);
    this.change(holding.bytes);
  }

  /**
   * Whether so many bytes more may be held that cannot be ended: half of all is theirs at most, as links that are at work
   * would otherwise have to go for what may never move on.
   */
  mayFix(more: number): boolean {
    return this.#fixed + more <= this.limit / 2 && this.makeRoom(more);
  }

  /**
   * Makes room for so many bytes more, by ending peers that have us hold more than whoever asks would: the links that are
   * over first, then the largest.
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

  /** Several may have to go: one message can be larger than what the largest holds. */
  change(change: number): void {
    this.#bytes += change;
    if (change < 0) return;
    for (let largest; this.#bytes > this.limit && (largest = this.#largest());) this.#end(largest);
  }

  /** Counts no longer for what is gone. */
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

  /** Whether only what came before its end is held. */
  get isOver(): boolean {
    return this.#holder!.isOver;
  }

  /** It is so much now. */
  set(bytes: number): void {
    if (this.#isClosed || bytes === this.#bytes) return;
    const change = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#held.change(change);
  }

  /** Holds nothing any more. */
  close(): void {
    this.set(0);
    this.#isClosed = true;
  }

  /** Has the holder let go. */
  end(): void {
    this.close();
    this.#holder?.outgrown();
  }
}
