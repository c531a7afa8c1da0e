import type { LinkSettings } from "../../../src/link/link_options.ts";
import type { Allowance } from "../../../src/link/rights.ts";
import { termsOf } from "../../../src/link/terms.ts";
import { type Message, Side } from "./machine_side.ts";

/** Simulated milliseconds; a message takes as long from one side to the other. */
export const STEP = 25;

export interface PairSettings {
  readonly opener: LinkSettings;
  readonly server: LinkSettings;
  /** Of the server. */
  readonly allowance: Allowance | undefined;
}

/** Two machines, joined by a wire that keeps the order and may lose anything. */
export class Pair {
  readonly opener: Side;
  readonly server: Side;
  readonly #loses: () => boolean;
  #wire: { readonly at: number; readonly message: Message | Side }[] = [];
  now = 0;

  /** The opening has come to the server. */
  constructor({ opener, server, allowance }: PairSettings, loses: () => boolean) {
    this.#loses = loses;
    this.opener = new Side("O", this, opener, undefined);
    this.server = new Side("S", this, server, allowance);
    this.opener.peer = this.server;
    this.server.peer = this.opener;
    if (allowance) this.server.noted.set("O1", { since: 0, left: allowance.max });
    this.server.isMet = true;
    const terms = termsOf("session", opener, undefined);
    this.server.accept(1, this.server.machine.opened(terms, "O1", 1, 0)!);
  }

  get sides(): readonly [Side, Side] {
    return [this.opener, this.server];
  }

  send(message: Message): void {
    if (!this.#loses()) this.#wire.push({ at: this.now + STEP, message });
  }

  /** Nobody was there. */
  answer(side: Side): void {
    if (!this.#loses()) this.#wire.push({ at: this.now + STEP, message: side });
  }

  /** Cuts one side off, and what was on its way to it. */
  cut(side: Side): void {
    this.#wire = this.#wire.filter(({ message }) =>
      message instanceof Side ? message !== side : message.from === side
    );
    side.cut();
  }

  /** Lets time pass: what was sent arrives, and both look at their clocks. */
  pass(milliseconds = STEP): void {
    this.now += milliseconds;
    const due = this.#wire.filter(({ at }) => at <= this.now);
    this.#wire = this.#wire.filter(({ at }) => at > this.now);
    for (const { message } of due) this.#arrive(message);
    for (const { machine, isReleased } of this.sides) {
      if (!isReleased && machine.due <= this.now) machine.tick(this.now);
    }
  }

  #arrive(message: Message | Side): void {
    if (!(message instanceof Side)) return message.from.peer.take(message, this.now);
    if (message.isUp && !message.isReleased) message.machine.lost(this.now);
  }
}
