import type { EventFeed } from "../../events.ts";
import { OUTGROWN } from "../frames/control_frames.ts";
import { LinkError } from "../link_error.ts";
import type { LinkMachine } from "../machine/link_machine.ts";

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
    if (holder) this.enter(holding);
    else {
      this.#fixed += bytes;
      this.change(bytes);
    }
    return holding;
  }

  /** Begins to count what can be ended. */
  enter(holding: MemoryShare): void {
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
