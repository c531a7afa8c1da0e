import type { LinkSettings, ResponseLimit } from "../../../src/link/link_options.ts";
import { termsOf } from "../../../src/link/frames/control_frames.ts";
import { type Message, Side } from "./machine_side.ts";

/** Simulated milliseconds; a message takes as long from one side to the other, unless it is said otherwise. */
export const STEP = 25;

export interface PairSettings {
  readonly opener: LinkSettings;
  readonly server: LinkSettings;
  /** Of the server. */
  readonly allowance: ResponseLimit | undefined;
}

/** Two machines, joined by a wire that keeps the order and may lose anything. */
export class Pair {
  readonly opener: Side;
  readonly server: Side;
  readonly #loses: () => boolean;
  readonly #latency: () => number;
  /** When the last message to each side arrives, as none overtakes another. */
  readonly #lastAt = new Map<Side, number>();
  #wire: { readonly at: number; readonly message: Message | Side }[] = [];
  now = 0;

  /** The opening has come to the server. */
  constructor(
    { opener, server, allowance }: PairSettings,
    loses: () => boolean,
    latency = () => STEP,
  ) {
    this.#loses = loses;
    this.#latency = latency;
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
    if (!this.#loses()) this.#wire.push({ at: this.#arrivalAt(message.from.peer), message });
  }

  /** Nobody was there. */
  answer(side: Side): void {
    if (!this.#loses()) this.#wire.push({ at: this.#arrivalAt(side), message: side });
  }

  #arrivalAt(to: Side): number {
    const at = Math.max(this.now + this.#latency(), this.#lastAt.get(to) ?? 0);
    this.#lastAt.set(to, at);
    return at;
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
