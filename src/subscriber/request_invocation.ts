import type { Channel } from "../link/ends/channel.ts";
import { Invocation } from "../source/invocation.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { Codecs } from "../message/codecs.ts";
import type { RawMessage } from "../message/raw_message.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";

/** A place among the limited number of streams and sessions. */
export interface Seat {
  /** Notes that the invocation has become a stream or a session. */
  upgrade(channel: Channel): void;
  /** Frees the place. */
  leave(): void;
}

/** One message of a subject, from its arrival to its single answer. */
export class RequestInvocation extends Invocation<LinkContext> {
  readonly replyTo: string;
  /** How many more messages we may send to its caller, if it gets parts without a link. */
  plainLeft: number | undefined;
  /** Whether its handler serves streams or sessions, so that its answer is one to an opening. */
  servesLinks = false;
  /** Its place, if it may become a stream or a session. */
  seat: Seat | undefined;
  /** The channel of its stream or session, if its answer is one. */
  channel: Channel | undefined;
  #answered = false;

  constructor(
    raw: RawMessage,
    params: Readonly<Record<string, string>>,
    arrived: number,
    stopping: AbortSignal,
    ways: LinkContext,
    pattern?: string,
  ) {
    super(raw, params, arrived, stopping, ways, pattern);
    this.replyTo = raw.replyTo;
  }

  get addresses(): ReplyAddresses {
    return this.context.addresses;
  }

  override get codecs(): Codecs | undefined {
    return this.context.addresses.reception.codecs;
  }

  /** Whether its answer is a stream or a session that has begun. */
  override get isUpgraded(): boolean {
    return this.channel !== undefined || this.plainLeft !== undefined;
  }

  /** Whether its caller still waits for an answer. */
  get isOpen(): boolean {
    return this.replyTo !== "" && !this.#answered;
  }

  /** A message that nobody waits for is handled, however late it is. */
  override get isExpired(): boolean {
    return this.isOpen && this.isLate;
  }

  /** Claims the right to answer; only the first claim returns `true`. */
  claim(): boolean {
    const { isOpen } = this;
    this.#answered = true;
    return isOpen;
  }

  /** Gives the claim back, as the answer could not be sent. */
  reopen(): void {
    this.#answered = false;
  }

  /** Notes that its answer is a stream or a session, whose end aborts the signal. */
  upgrade(channel: Channel): void {
    this.#answered = true;
    this.channel = channel;
    this.message.detach();
    this.seat?.upgrade(channel);
    // a handler that ends with its signal must not be done before the link has ended by the deadline
    this.ignoreDeadline();
    if (this.deadline < Infinity) channel.expireAfter(this.remaining);
    void channel.closed.then(() => this.abort(channel.error("go on with")));
  }

  /** Notes that its caller has gone: sends nothing more, and aborts the signal with the reason. */
  callerLeft(reason: Error): void {
    this.#answered = true;
    this.abort(reason);
  }

  override end(): void {
    super.end();
    this.seat?.leave();
  }

  override signal(): AbortSignal {
    const signal = super.signal();
    if (this.channel?.ending && !signal.aborted) this.abort(this.channel.error("go on with"));
    return signal;
  }
}
