import type { EventFeed } from "../events.ts";
import { OUTGROWN } from "./ending.ts";
import { FRAME, type Held, Holding } from "./held.ts";
import type { LinkMachine } from "./link_machine.ts";
import { LinkError } from "./link_error.ts";
import type { LinkWays } from "./link_ways.ts";
import type { LinkOwner } from "./link_owner.ts";

/** What a link takes up before anything has come or is sent, in bytes. */
export const LINK_COST = 8_192;

/** Counts what one link holds as part of all that is held for peers. */
export class LinkHolding extends Holding {
  readonly #held: Held;
  readonly #machine: Pick<LinkMachine, "state" | "out">;
  readonly #owner: LinkOwner;
  readonly #feed: EventFeed;

  constructor(
    { links: { held }, feed }: Pick<LinkWays, "links" | "feed">,
    machine: Pick<LinkMachine, "state" | "out">,
    owner: LinkOwner,
  ) {
    super(held, LINK_COST);
    this.#owner = owner;
    this.#feed = feed;
    this.#held = held;
    this.#machine = machine;
    held.enter(this);
  }

  override get isOver(): boolean {
    return this.#machine.state === "over";
  }

  override end(): void {
    this.close();
    this.#owner.outgrown();
    const { subject, correlationId } = this.#owner;
    const error = new LinkError("go on with", subject, "error", OUTGROWN.description);
    this.#feed.emit({ type: "error", error, subject, correlationId });
  }

  /** Whether so many bytes more may be held here, after others that hold more have been ended if need be. */
  mayGrow(size: number): boolean {
    return this.#held.makeRoom(size, this);
  }

  /** Notes what is held now. It may be too much, and this link end at once. */
  count(): void {
    this.#note(this.#now);
  }

  /** So many bytes, in so many frames, are kept in addition. */
  grow(bytes: number, frames: number): void {
    this.set(this.bytes + bytes + frames * FRAME);
  }

  /** Notes it where it has become less: in the middle of a frame's work no link may end. */
  shrink(): void {
    const bytes = this.#now;
    if (bytes < this.bytes) this.#note(bytes);
  }

  #note(bytes: number): void {
    if (bytes === 0) this.#held.forget(this);
    else this.set(bytes);
  }

  /** After the end, only what came and is not read. */
  get #now(): number {
    const { out } = this.#machine;
    const { held } = this.#owner;
    return this.isOver ? held : LINK_COST + out.keptBytes + out.keptFrames * FRAME + held;
  }
}
