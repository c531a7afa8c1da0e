import type { EventFeed } from "../../events.ts";
import { OUTGROWN } from "../frames/control_frames.ts";
import { FRAME, type MemoryBudget, MemoryShare } from "../limits.ts";
import { LinkError } from "../link_error.ts";
import type { LinkMachine } from "../machine/link_machine.ts";

/** The memory of an idle link, in bytes. */
export const LINK_COST = 8_192;

/** Holds the unread messages of a link. */
export interface MemoryUser {
  /** The subject of the opening, for error messages. */
  readonly subject: string;
  readonly correlationId: string;
  /** The bytes of unread messages. */
  readonly held: number;
  /** Frees everything and ends, as all links hold too much and this one the most. */
  outgrown(): void;
}

/** Counts the memory of one link towards the budget of all links. */
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

  /** Whether there is room for this many more bytes, after ending larger holders if necessary. */
  mayGrow(size: number): boolean {
    return this.#held.makeRoom(size, this);
  }

  /** Counts what is held now; this may end the link at once. */
  count(): void {
    this.#note(this.#now);
  }

  /** Adds frames that wait for their acknowledgement. */
  grow(bytes: number, frames: number): void {
    this.set(this.bytes + bytes + frames * FRAME);
  }

  /** Counts that so many bytes are held no longer, for a fraction of what it takes to add up what is. */
  free(bytes: number): void {
    this.set(this.bytes - bytes);
  }

  /** Counts only a decrease, as no link may end in the middle of a frame's work. */
  shrink(): void {
    const bytes = this.#now;
    if (bytes < this.bytes) this.#note(bytes);
  }

  #note(bytes: number): void {
    if (bytes === 0) this.#held.forget(this);
    else this.set(bytes);
  }

  /** After the end, only unread messages count. */
  get #now(): number {
    const { out } = this.#machine;
    const { held } = this.#owner;
    return this.isOver ? held : LINK_COST + out.keptBytes + out.keptFrames * FRAME + held;
  }
}
