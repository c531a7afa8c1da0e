import type { Work } from "../../message/work.ts";
import type { EndDetails } from "../frames/control_frames.ts";
import type { Link } from "./link.ts";

/** How long sent messages may take to arrive, in milliseconds, before the session is aborted. */
const LAST_WORDS = 1_000;
const SHUTTING_DOWN: EndDetails = { reason: "shutting-down" };

/**
 * Ends a session whose program ignores `draining` when its broker stops: otherwise it would end only at the deadline of
 * the stop, which may be longer than the process has.
 */
export class SessionShutdown {
  readonly #link: Pick<Link, "machine" | "close">;
  readonly #owner: { abort(ending: EndDetails): void };
  #after = Infinity;
  #work: Work | undefined;
  #hasBegun = false;

  constructor(link: Pick<Link, "machine" | "close">, owner: { abort(ending: EndDetails): void }) {
    this.#link = link;
    this.#owner = owner;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** It may begin so many milliseconds after the stop, and once the `work` that the session is part of is over. */
  allow(after: number, work: Work | undefined): void {
    this.#after = after;
    this.#work = work;
  }

  /** The broker has been stopping for so many milliseconds; `before` resolves once everything given can be sent. */
  proceed(passed: number, before: Promise<void> | undefined): void {
    if (passed < this.#after || (this.#work && !this.#work.isOver)) return;
    if (!this.#hasBegun) this.#begin(passed, before);
    else if (passed >= this.#after + LAST_WORDS) this.#owner.abort(SHUTTING_DOWN);
  }

  #begin(passed: number, before: Promise<void> | undefined): void {
    this.#hasBegun = true;
    this.#after = passed;
    // no server has accepted yet, and none should
    if (this.#link.machine.state === "opening") return this.#owner.abort(SHUTTING_DOWN);
    if (before) void before.then(() => this.#link.close(SHUTTING_DOWN));
    else this.#link.close(SHUTTING_DOWN);
  }
}
