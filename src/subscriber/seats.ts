import { isPowerOfTen } from "../events.ts";
import { ReplyError } from "../errors.ts";
import type { Channel } from "../link/ends/channel.ts";
import type { MemoryBudget, MemoryShare } from "../link/limits.ts";
import { LinkError } from "../link/link_error.ts";
import { Limiter, type Occupant } from "../link/limits.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { LINK } from "../message/signalbox_headers.ts";
import { after } from "../promises.ts";
import type { BrokerContext } from "../source/context.ts";
import type { Sink } from "../source/source.ts";
import type { RequestInvocation, Seat } from "./request_invocation.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** What the places of one subject are for. */
export interface SeatPlan {
  readonly pattern: string;
  /** In error messages. */
  readonly what: "sessions" | "streams";
  readonly settings: SubscriberSettings;
  readonly sink: Pick<Sink, "drop">;
}

/** The place of a message that becomes a stream or a session, from its arrival to its end. */
class Taken implements Seat, Occupant {
  readonly #held: MemoryBudget;
  readonly #size: number;
  #places: readonly Limiter[] = [];
  readonly #evicted: (channel: Channel) => void;
  #holding: MemoryShare;
  #channel: Channel | undefined;

  constructor(held: MemoryBudget, size: number, evicted: (channel: Channel) => void) {
    this.#held = held;
    this.#size = size;
    this.#holding = held.open(size);
    this.#evicted = evicted;
  }

  get isSilent(): boolean {
    return this.#channel !== undefined && !this.#channel.ending && !this.#channel.life.isMet;
  }

  get isOver(): boolean {
    return false;
  }

  entered(places: Limiter): void {
    // a new array, as push() would reserve room for sixteen more entries
    this.#places = [...this.#places, places];
  }

  /** Notes the link, which can now be ended to free the place. */
  upgrade(channel: Channel): void {
    this.#channel = channel;
    for (const places of this.#places) places.occupy(this);
    this.#held.forget(this.#holding);
    this.#holding = this.#held.open(this.#size, this);
  }

  evict(): void {
    this.#evicted(this.#channel!);
  }

  outgrown(): void {
    this.#channel!.outgrown();
  }

  leave(): void {
    this.#held.forget(this.#holding);
    for (const places of this.#places) places.release(this);
  }
}

/** The places of one subject and of the broker: each stream or session takes one of both. */
export class Seats {
  readonly #context: BrokerContext;
  readonly #plan: SeatPlan;
  readonly #places: Limiter;
  /** For streams that are only published: they must not take the place of a reader. */
  readonly #unread: Limiter;
  #evicted = 0;

  constructor(context: BrokerContext, plan: SeatPlan) {
    const { clock } = context;
    const { maxStreams, openingRate } = plan.settings;
    this.#context = context;
    this.#plan = plan;
    this.#places = new Limiter(clock, maxStreams, openingRate);
    this.#unread = new Limiter(clock, maxStreams);
  }

  /**
   * Takes a place before any other work; returns a promise only if it has to wait. The body counts as held for the
   * other side from now on.
   *
   * @throws {ReplyError} with 429, if there is no place, or links hold too many bytes
   */
  take(invocation: RequestInvocation): unknown {
    const { links, sender } = this.#context;
    const { what } = this.#plan;
    const { size } = invocation;
    if (sender.isFull) throw this.#refusal(invocation, "Too much waits to be sent");
    if (!links.memory.mayFix(size)) {
      throw this.#refusal(invocation, "Streams and sessions hold too much");
    }
    const seat = new Taken(links.memory, size, (channel) => this.#evict(channel));
    invocation.seat = seat;
    const own = this.#placesOf(invocation);
    const isLink = invocation.message.headers.has(LINK);
    return after(this.#enter(invocation, seat, own, what), () => {
      if (isLink) return this.#enter(invocation, seat, links.places, "streams and sessions");
    });
  }

  /** Counts a beginning stream towards the limit for a second and returns 0, or returns the milliseconds to wait. */
  pass(invocation: RequestInvocation): number {
    return this.#placesOf(invocation).takeToken();
  }

  #placesOf(invocation: RequestInvocation): Limiter {
    const { noReply } = this.#plan.settings;
    return noReply || invocation.replyTo === "" ? this.#unread : this.#places;
  }

  #enter(invocation: RequestInvocation, seat: Taken, places: Limiter, what: string): unknown {
    return after(places.acquire(), (hasPlace) => {
      if (!hasPlace) throw this.#refusal(invocation, `Too many ${what}`);
      seat.entered(places);
    });
  }

  #refusal(invocation: RequestInvocation, description: string): ReplyError {
    invocation.servesLinks = invocation.isRefused = true;
    this.#plan.sink.drop();
    return new ReplyError(ERROR_CODES.tooMany, description);
  }

  /** Emits an event only for the first, the tenth, the hundredth, as a peer decides how many there are. */
  #evict(channel: Channel): void {
    const description = "Others wait for the place of one that says nothing";
    const { subject, correlationId } = channel;
    const error = new LinkError("go on with", subject, "error", description);
    channel.abort({ reason: "error", code: ERROR_CODES.tooMany, description, error }, "fail");
    if (!isPowerOfTen(++this.#evicted)) return;
    const { pattern } = this.#plan;
    this.#context.feed.emit({ type: "error", error, subject, pattern, correlationId });
  }
}
