import type { LinkSettings } from "../link_options.ts";

/** What time it is for: to ask for a sign of life, to stop sending, to give up, or to end what nobody uses. */
export type Overdue = "probe" | "pause" | "gone" | "idle";

/** What the clock has to know of a link. */
export interface Circumstances {
  readonly isPaused: boolean;
  /** Whether something was sent, or wants to be, that the other side should answer to. */
  readonly isWaiting: boolean;
}

/** A probe must be answered within so many milliseconds, or the other side is out of reach. */
const ANSWER_TIME = 1_000;
/** Milliseconds of silence after something was said; each silence that follows may be twice as long, up to `keepAlive`. */
const SHORTEST_SILENCE = 400;
/** No silence may be longer while there is something that the other side should acknowledge. */
const LONGEST_WAIT = 1_000;
/** Milliseconds between probes to a side that is out of reach: the first, and the longest. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 2_000;
/** After the connection was lost the first is as long, unless so much of the patience is less. */
const RETURN_RETRY = 1_000;
const PARTS = 4;
/** Milliseconds before it is given up. */
const SHORT = 4_000;
/** Milliseconds that a side which has accepted waits for the first word of one that may have left meanwhile. */
const FIRST_WORD = 5_000;

/** When a link has been silent for too long. Times are those of its broker's clock. */
export class Liveness {
  readonly #settings: LinkSettings;
  #heard: number;
  #used: number;
  #probed = Infinity;
  #paused = Infinity;
  #retry = FIRST_RETRY;
  #retryAt = Infinity;
  #silence = SHORTEST_SILENCE;
  #isMet = false;
  #keepAlive: number;

  constructor(settings: LinkSettings, now: number) {
    this.#settings = settings;
    this.#keepAlive = settings.keepAlive;
    this.#heard = now;
    this.#used = now;
  }

  /** Whether the other side has ever said something. */
  get isMet(): boolean {
    return this.#isMet;
  }

  /** Whether a probe has not been answered yet. */
  get isProbing(): boolean {
    return this.#probed < Infinity;
  }

  /** The other side must hear from us this often, in milliseconds. */
  capKeepAlive(renew: number): void {
    if (renew > 0) this.#keepAlive = Math.min(this.#keepAlive, Math.max(renew, SHORTEST_SILENCE));
  }

  /** The other side has said something. */
  heard(now: number, isProbe = false): void {
    // both sides are silent for longer, or the one that waits for less would ask for both
    if (this.#probed < Infinity || isProbe) this.#silence *= 2;
    this.#heard = now;
    this.#probed = Infinity;
    this.#paused = Infinity;
    this.#isMet = true;
  }

  /** A message went in either direction. */
  used(now: number): void {
    this.#used = now;
    this.#silence = SHORTEST_SILENCE;
  }

  /** A probe has been sent. */
  probed(now: number): void {
    if (this.#probed === Infinity) this.#probed = now;
    this.#retryAt = now + this.#retry;
    this.#retry = Math.min(this.#retry * 2, LONGEST_RETRY);
  }

  /** The other side is out of reach. */
  paused(now: number): void {
    if (this.#paused === Infinity) this.#paused = now;
    this.#retry = FIRST_RETRY;
    this.#retryAt = now + this.#retry;
  }

  /** The connection is gone: nobody can be asked before it is back. */
  lowered(): void {
    this.#retryAt = Infinity;
  }

  /** The connection is back: the other side, if it has lost its own, looks for us as soon as it is back, too. */
  raised(): void {
    this.#retry = Math.min(Math.max(this.#retry, RETURN_RETRY), this.#patience / PARTS);
  }

  /** Whether there is so little time left to find the other side that it must be used. */
  isShort(now: number): boolean {
    return this.#paused < Infinity && now >= this.#paused + this.#patience - SHORT;
  }

  /** What it is time for, the most urgent first. */
  overdue(now: number, circumstances: Circumstances): Overdue | undefined {
    if (now >= this.#used + this.#settings.idleTimeout) return "idle";
    if (circumstances.isPaused) {
      if (now >= this.#paused + this.#patience) return "gone";
      return now >= this.#retryAt ? "probe" : undefined;
    }
    if (now >= this.#probed + ANSWER_TIME) return "pause";
    return this.#probed === Infinity && now >= this.#probeAt(circumstances) ? "probe" : undefined;
  }

  /** When to look again. */
  due(circumstances: Circumstances): number {
    const idle = this.#used + this.#settings.idleTimeout;
    if (circumstances.isPaused) {
      return Math.min(idle, this.#paused + this.#patience, this.#retryAt);
    }
    const next = this.#probed === Infinity
      ? this.#probeAt(circumstances)
      : this.#probed + ANSWER_TIME;
    return Math.min(idle, next);
  }

  get #patience(): number {
    const { resumeTimeout } = this.#settings;
    return this.#isMet ? resumeTimeout : Math.min(resumeTimeout, FIRST_WORD);
  }

  #probeAt({ isWaiting }: Circumstances): number {
    const longest = isWaiting ? LONGEST_WAIT : Infinity;
    return this.#heard + Math.min(this.#keepAlive, this.#silence, longest);
  }
}
