import type { EventFeed } from "../../events.ts";
import { OUTGROWN } from "../frames/control_frames.ts";
import { FRAME, type MemoryBudget, MemoryShare } from "../limits.ts";
import { LinkError } from "../link_error.ts";
import type { LinkMachine } from "../machine/link_machine.ts";

/** What a link takes up before anything has come or is sent, in bytes. */
export const LINK_COST = 8_192;

/** Who holds what came over one link. */
export interface MemoryUser {
  /** What is said of the link, for sentences. */
  readonly subject: string;
  readonly correlationId: string;
  /** What is held of what came, in bytes. */
  readonly held: number;
  /** All links together hold too much, and this one the most: lets go of it, and ends. */
  outgrown(): void;
}

/** Counts what one link holds as part of all that is held for peers. */
export class LinkMemory extends MemoryShare {
  readonly #held: MemoryBudget;
  readonly #machine: Pick<LinkMachine, "state" | "out">;
  readonly #owner: MemoryUser;
  readonly #feed: EventFeed;

  constructor(
    held: MemoryBudget,
    feed: EventFeed,
    machine: Pick<LinkMachine, "state" | "out">,
    owner: MemoryUser,
  ) {
    super(held, LINK_COST);
    this.#owner = owner;
    this.#feed = feed;
    this.#held = held;
    this.#machine = machine;
    held.add(this);
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
