import type { LinkSettings } from "../link_options.ts";

/** What is due: a probe, a pause, giving the peer up, or ending an idle link. */
export type Overdue = "probe" | "pause" | "gone" | "idle";

/** The state of a link that its deadlines depend on. */
export interface Circumstances {
  readonly isPaused: boolean;
  /** Whether unacknowledged frames exist. */
  readonly isWaiting: boolean;
}

/** How long the peer may take to answer a probe, in milliseconds, before it counts as unreachable. */
const ANSWER_TIME = 1_000;
/** The first silence before a probe, in milliseconds; each later one may be twice as long, up to `keepAlive`. */
const SHORTEST_SILENCE = 400;
/** The longest silence while frames are unacknowledged, in milliseconds. */
const LONGEST_WAIT = 1_000;
/** Milliseconds between probes to an unreachable peer: the first delay, and the longest. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 2_000;
/** The first delay after a reconnect, unless this fraction of `resumeTimeout` is shorter. */
const RETURN_RETRY = 1_000;
const PARTS = 4;
/** How long before giving the peer up to probe at once, in milliseconds. */
const SHORT = 4_000;
/** How long to wait for the first frame of an opener, which may have cancelled meanwhile, in milliseconds. */
const FIRST_WORD = 5_000;

/** Knows when a link has been silent for too long. Times are those of the broker's clock. */
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

  /** Whether any frame of the peer has ever come. */
  get isMet(): boolean {
    return this.#isMet;
  }

  /** Whether a probe is unanswered. */
  get isProbing(): boolean {
    return this.#probed < Infinity;
  }

  /** The peer must hear from us this often, in milliseconds. */
  capKeepAlive(renew: number): void {
    if (renew > 0) this.#keepAlive = Math.min(this.#keepAlive, Math.max(renew, SHORTEST_SILENCE));
  }

  /** A frame of the peer has come. */
  heard(now: number, isProbe = false): void {
    // both sides lengthen their silence, or the one with the shorter wait would send all the probes
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

  /** The peer is unreachable. */
  paused(now: number): void {
    if (this.#paused === Infinity) this.#paused = now;
    this.#retry = FIRST_RETRY;
    this.#retryAt = now + this.#retry;
  }

  /** The connection is lost: no probe can go out before it is back. */
  lowered(): void {
    this.#retryAt = Infinity;
  }

  /** The connection is back. The peer, if it lost its own, looks for us too when it is back. */
  raised(): void {
    this.#retry = Math.min(Math.max(this.#retry, RETURN_RETRY), this.#patience / PARTS);
  }

  /** Whether so little time is left to find the peer that probing must not wait. */
  isShort(now: number): boolean {
    return this.#paused < Infinity && now >= this.#paused + this.#patience - SHORT;
  }

  /** What is due, the most urgent first. */
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
