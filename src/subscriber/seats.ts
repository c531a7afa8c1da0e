import { type EventFeed, isPowerOfTen } from "../events.ts";
import { ReplyError } from "../errors.ts";
import type { Channel } from "../link/ends/channel.ts";
import type { MemoryBudget, MemoryShare } from "../link/limits.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import { LinkError } from "../link/link_error.ts";
import type { Guest, Limiter } from "../link/limits.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { LINK } from "../message/signalbox_headers.ts";
import { after } from "../promises.ts";
import type { Exchange, Seat } from "./exchange.ts";

/** The limits of one subject's places. */
export interface SeatPlan {
  readonly ways: Pick<LinkContext, "links" | "sender">;
  readonly feed: Pick<EventFeed, "emit">;
  readonly pattern: string;
  /** What the places are for, in error messages: sessions, or streams. */
  readonly what: string;
  readonly noReply: boolean;
  readonly places: Limiter;
  /** Limiter for streams that are only published: they must not take the place of a reader. */
  readonly unread: Limiter;
  /** Called when there was no place. */
  readonly refused: () => void;
}

/** The place of a message that becomes a stream or a session, from its arrival to its end. */
class Taken implements Seat, Guest {
  readonly #held: MemoryBudget;
  readonly #size: number;
  #places: readonly Limiter[] = [];
  readonly #dismissed: (endpoint: Channel) => void;
  #holding: MemoryShare;
  #endpoint: Channel | undefined;

  constructor(held: MemoryBudget, size: number, dismissed: (endpoint: Channel) => void) {
    this.#held = held;
    this.#size = size;
    this.#holding = held.open(size);
    this.#dismissed = dismissed;
  }

  get isMute(): boolean {
    return this.#endpoint !== undefined && !this.#endpoint.ending && !this.#endpoint.life.isMet;
  }

  get isOver(): boolean {
    return false;
  }

  entered(places: Limiter): void {
    // a new array, as push() would reserve room for sixteen more entries
    this.#places = [...this.#places, places];
  }

  /** Notes the link, which can now be ended to free the place. */
  lead(endpoint: Channel): void {
    this.#endpoint = endpoint;
    for (const places of this.#places) places.seat(this);
    this.#held.forget(this.#holding);
    this.#holding = this.#held.open(this.#size, this);
  }

  dismiss(): void {
    this.#dismissed(this.#endpoint!);
  }

  outgrown(): void {
    this.#endpoint!.outgrown();
  }

  leave(): void {
    this.#held.forget(this.#holding);
    for (const places of this.#places) places.leave(this);
  }
}

/** The places of one subject and of the broker: each stream or session takes one of both. */
export class Seats {
  readonly #plan: SeatPlan;
  #dismissed = 0;

  constructor(plan: SeatPlan) {
    this.#plan = plan;
  }

  /**
   * Takes a place before any other work; returns a promise only if it has to wait. The body counts as held for the
   * other side from now on.
   *
   * @throws {ReplyError} with 429, if there is no place, or links hold too many bytes
   */
  take(exchange: Exchange): unknown {
    const { ways: { links, sender }, what } = this.#plan;
    const { size } = exchange;
    if (sender.isFull) throw this.#refusal(exchange, "Too much waits to be sent");
    if (!links.held.mayFix(size)) {
      throw this.#refusal(exchange, "Streams and sessions hold too much");
    }
    const seat = new Taken(links.held, size, (endpoint) => this.#dismiss(endpoint));
    exchange.seat = seat;
    const own = this.#placesOf(exchange);
    const isLink = exchange.message.headers.has(LINK);
    return after(this.#enter(exchange, seat, own, what), () => {
      if (isLink) return this.#enter(exchange, seat, links.places, "streams and sessions");
    });
  }

  /** Counts a beginning stream towards the limit for a second and returns 0, or returns the milliseconds to wait. */
  pass(exchange: Exchange): number {
    return this.#placesOf(exchange).pass();
  }

  #placesOf(exchange: Exchange): Limiter {
    const { noReply, places, unread } = this.#plan;
    return noReply || exchange.replyTo === "" ? unread : places;
  }

  #enter(exchange: Exchange, seat: Taken, places: Limiter, what: string): unknown {
    return after(places.enter(), (hasPlace) => {
      if (!hasPlace) throw this.#refusal(exchange, `Too many ${what}`);
      seat.entered(places);
    });
  }

  #refusal(exchange: Exchange, description: string): ReplyError {
    exchange.servesLinks = exchange.isRefused = true;
    this.#plan.refused();
    return new ReplyError(ERROR_CODES.tooMany, description);
  }

  /** Emits an event only for the first, the tenth, the hundredth, as a peer decides how many there are. */
  #dismiss(endpoint: Channel): void {
    const description = "Others wait for the place of one that says nothing";
    const { subject, correlationId } = endpoint;
    const error = new LinkError("go on with", subject, "error", description);
    endpoint.abort({ reason: "error", code: ERROR_CODES.tooMany, description, error }, "fail");
    if (!isPowerOfTen(++this.#dismissed)) return;
    const { feed, pattern } = this.#plan;
    feed.emit({ type: "error", error, subject, pattern, correlationId });
  }
}
