import type { LinkMachine } from "../machine/link_machine.ts";
import type { LinkContext, LinkOwner } from "./link_context.ts";

/** So many microtasks without anything new, and what was given goes out: a loop that awaits each of its sends needs two. */
const STILLNESS = 10;

/**
 * Waits while more is given, microtask after microtask, so that frames which are sent one by one go out together: of
 * 128 bytes each, eight times as many in a second as when each goes at once.
 */
export class FrameBatcher {
  readonly #machine: Pick<LinkMachine, "state" | "out" | "flush">;
  readonly #owner: Pick<LinkOwner, "moved">;
  readonly #ways: Pick<LinkContext, "clock" | "allowance">;
  #isUnderWay = false;

  /** A side with an allowance has so many addresses, and a message for each. */
  constructor(
    machine: Pick<LinkMachine, "state" | "out" | "flush">,
    owner: Pick<LinkOwner, "moved">,
    ways: Pick<LinkContext, "clock" | "allowance">,
  ) {
    this.#machine = machine;
    this.#owner = owner;
    this.#ways = ways;
  }

  /** Whether a frame has been sent, or there is room for it. */
  isAdmitted(number: number): boolean {
    const { out, state } = this.#machine;
    return number <= out.sent ||
      (state === "open" && !this.#ways.allowance && out.isAdmitted(number));
  }

  /** Something has been given. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { out } = this.#machine;
    let seen = out.last;
    let still = 0;
    const look = () => {
      const { last } = out;
      still = last > seen ? 0 : still + 1;
      seen = last;
      if (still < STILLNESS && this.isAdmitted(last)) return queueMicrotask(look);
      this.#isUnderWay = false;
      this.#machine.flush(this.#ways.clock.now());
      this.#owner.moved();
    };
    queueMicrotask(look);
  }
}
