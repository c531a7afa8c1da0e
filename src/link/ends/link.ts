import type { MessageSink, ServerSubscription } from "../../connection/connection.ts";
import { NoRespondersError } from "../../errors.ts";
import { isNoResponders } from "../../requests/requests.ts";
import type { EncodedMessage } from "../../message/outgoing.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import { isOwnQuestion } from "../../replies/matching.ts";
import type { OwnInbox } from "../../replies/reply_addresses.ts";
import {
  encodeEnding,
  type EndDetails,
  type HandshakeTerms,
  parseFlowState,
  parseTerms,
  readEnding,
  sendable,
  toldIn,
} from "../frames/control_frames.ts";
import { framesIn, type MessageName, type Numbered, type Unnumbered } from "../frames/frame.ts";
import { FrameBatcher } from "./frame_batcher.ts";
import { LinkMemory } from "./link_memory.ts";
import type { LinkEvents } from "../machine/link_events.ts";
import { LinkMachine } from "../machine/link_machine.ts";
import type { LinkSettings } from "../link_options.ts";
import { type LinkContext, type LinkOwner, reportTo } from "./link_context.ts";
import type { ManagedLink } from "../links.ts";
import {
  RefusalCount,
  rewritten,
  silentSubject,
  UnexpectedMessages,
} from "./unexpected_messages.ts";
import { type Acceptance, FrameTransport } from "./frame_transport.ts";

/** The machine of one side, on a connection: an inbox of its own, and frames as messages. */
export class Link implements ManagedLink, MessageSink, LinkEvents, OwnInbox {
  readonly machine: LinkMachine;
  readonly holding: LinkMemory;
  readonly batcher: FrameBatcher;
  /** Whether others have answered, and nobody is to accept any more. */
  isAnswered = false;
  readonly #ways: LinkContext;
  readonly #owner: LinkOwner;
  readonly #transport: FrameTransport;
  readonly #interest: ServerSubscription;
  #unexpected: UnexpectedMessages | undefined;
  #refusals: RefusalCount | undefined;
  readonly #inbox: string;
  readonly #isLossy: boolean;
  #opening: EncodedMessage | undefined;

  /** Subscribes to an inbox of its own. */
  constructor(ways: LinkContext, owner: LinkOwner, settings: LinkSettings) {
    const { connection } = this.#ways = ways;
    this.#owner = owner;
    this.#isLossy = ways.allowance !== undefined && settings.resumeTimeout > 0;
    const inbox = this.#inbox = ways.newInbox();
    this.#transport = new FrameTransport(
      connection,
      inbox,
      owner.correlationId,
      (error) => this.#fail(error),
    );
    this.machine = new LinkMachine(
      settings,
      ways.allowance,
      this.#transport,
      this,
      this.clock.now(),
    );
    this.batcher = new FrameBatcher(this.machine, owner, ways);
    this.#interest = connection.subscribe(`${inbox}.*`, this);
    ways.addresses.open(inbox, this);
    ways.links.add(this, settings.idleTimeout);
    this.holding = new LinkMemory(ways.links.held, ways.feed, this.machine, owner);
  }

  get clock(): LinkContext["clock"] {
    return this.#ways.clock;
  }

  /** What the other side told of itself. */
  get terms(): HandshakeTerms | undefined {
    return this.#transport.terms;
  }

  /** Sends the opening, or has it held. */
  open(opening: EncodedMessage): void {
    opening.replyTo = this.#transport.first;
    this.#opening = opening;
    this.#ways.connection.publish(opening);
  }

  /** Takes an opening back, if it has not left; gives whether that is so. */
  withdraw(opening: EncodedMessage): boolean {
    return this.#ways.connection.tryCancel(opening);
  }

  /**
   * Accepts an opening.
   *
   * @returns whether it can be: its address of reply must have come as it was sent
   */
  accept(replyTo: string, terms: HandshakeTerms, acceptance: Acceptance, secret: number): boolean {
    const serial = this.#learnPeer(replyTo, terms, secret);
    if (serial === undefined) return false;
    const subject = this.machine.opened(terms, replyTo, serial, this.clock.now());
    if (subject === undefined) return false;
    this.#transport.accept(acceptance, 1, subject);
    return true;
  }

  /** Takes frames, to be sent in this turn if there is room; gives the number of the last, 0 if nothing more is sent. */
  give(frames: readonly Unnumbered[]): number {
    const { out, state } = this.machine;
    const { keptBytes } = out;
    let number = 0;
    for (const frame of frames) number = this.machine.give(frame);
    if (state === "paused") this.#ways.links.hasten(this);
    this.batcher.begin();
    if (number > 0) this.holding.grow(out.keptBytes - keptBytes, frames.length);
    return number;
  }

  read(size: number, frames = 1): void {
    if (this.machine.read(size, frames)) this.machine.credit(this.clock.now());
    this.holding.shrink();
  }

  close(given: EndDetails): void {
    const ending = this.#sendable(given);
    const data = encodeEnding(ending, this.#owner.correlationId);
    this.machine.close(ending, { ...data, code: "f" }, this.clock.now());
  }

  abort(ending: EndDetails, how: "abort" | "fail" = "abort"): void {
    this.machine[how](this.#sendable(ending), this.clock.now());
  }

  drain(): void {
    this.machine.drain(this.clock.now());
    this.#owner.draining();
  }

  retire(passed: number): void {
    this.#owner.retire(passed);
  }

  /** The server does not permit to publish there: a message of this link is lost, if the place is the other side's. */
  forbidden(subject: string, error: Error): void {
    if (this.#transport.isPeer(subject)) {
      this.#refusals ??= new RefusalCount(this.#isLossy);
      if (!this.#refusals.isBearable(this.clock.now())) this.#fail(error);
    } else if (!this.terms && subject === this.#owner.subject) this.#owner.answered(error);
  }

  /** The server does not permit to listen. */
  refused(error: Error): void {
    if (this.terms) this.#fail(error);
    else this.#owner.answered(error);
  }

  hasAsked(question: RawMessage): boolean {
    return this.#opening !== undefined && isOwnQuestion(this.#opening, question);
  }

  take(packet: RawMessage): void {
    const now = this.clock.now();
    if (!this.terms) this.#takeAnswer(packet, now);
    else if (packet.replyTo === "") this.#takeBare(packet, now);
    else if (this.#transport.isPeer(packet.replyTo)) this.#takeFrame(packet, now);
    else this.#stray.take(packet, this.#transport);
    this.#owner.moved();
    this.holding.count();
  }

  deliver(frame: Numbered): void {
    this.#owner.deliver(frame);
  }

  ended(ending: EndDetails): void {
    this.#ways.links.settle(this);
    this.#owner.ended(ending);
  }

  draining(): void {
    this.#owner.draining();
  }

  released(): void {
    this.#interest.unsubscribe();
    this.#ways.addresses.close(this.#inbox);
    this.#ways.addresses.release(this.#transport.peer);
    this.#ways.links.remove(this);
    this.holding.count();
  }

  #sendable(ending: EndDetails): EndDetails {
    return sendable(ending, (cause) => reportTo(this.#ways.feed, this.#owner, cause));
  }

  get #stray(): UnexpectedMessages {
    return this.#unexpected ??= new UnexpectedMessages(this.#ways);
  }

  /** The other side is known; gives the serial of its address, if it is one. */
  #learnPeer(address: string, terms: HandshakeTerms, secret: number): number | undefined {
    const serial = this.#transport.learnPeer(address, terms, secret);
    if (serial && this.#ways.allowance) this.#ways.addresses.reserve(this.#transport.peer);
    return serial;
  }

  /** It cannot go on: a server takes less than the one before, for instance. */
  #fail(error: unknown): void {
    this.machine.fail({ reason: "gap", error }, this.clock.now());
  }

  /** What has no address of reply is the server's word, or a frame where we may not send to many addresses. */
  #takeBare(packet: RawMessage, now: number): void {
    if (isNoResponders(packet)) return this.#takeSilence(packet, now);
    const name = this.#ways.allowance && this.#transport.nameOf(packet);
    if (name && "number" in name) this.#takeNumbered(packet, name, now);
    else this.#stray.report(packet);
  }

  /** Nobody is there, says the server, which names where; or somebody who knows our inbox, and not the other's. */
  #takeSilence(packet: RawMessage, now: number): void {
    const silent = silentSubject(packet);
    if (silent === undefined) this.machine.doubt(now);
    else if (this.#transport.isPeer(silent)) this.machine.lost(now);
    else this.#stray.report(packet);
  }

  #takeFrame(packet: RawMessage, now: number): void {
    const { data, replyTo } = packet;
    const name = this.#transport.nameOf(packet);
    if (!name) return this.#stray.report(packet);
    this.machine.addressed(this.#transport.usedBy(packet));
    if ("number" in name) return this.#takeNumbered(packet, name, now);
    if (name.kind === "abort") return this.machine.peerLeft(readEnding(packet));
    if (name.kind === "open") {
      return this.machine.accepted(this.terms!, replyTo, name.serial, now);
    }
    const tally = parseFlowState(data);
    if (tally) this.machine.control(name.kind, name.serial, tally, replyTo, now);
    else this.#stray.report(packet);
  }

  #takeNumbered(packet: RawMessage, { number, code }: MessageName, now: number): void {
    const frames = framesIn(packet, number, code, this.machine.received);
    if (!frames) return this.#stray.report(packet);
    const last = frames.at(-1);
    for (const frame of frames) this.machine.numbered(frame, now, frame === last);
  }

  /** What comes before the other side is known. */
  #takeAnswer(packet: RawMessage, now: number): void {
    const { subject, replyTo } = packet;
    if (isNoResponders(packet)) {
      // nothing but the opening has been sent
      if (subject !== this.#transport.first) return this.#stray.report(packet);
      return this.#owner.answered(new NoRespondersError(this.#owner.subject));
    }
    const told = toldIn(packet);
    if (told === undefined) {
      // a frame whose acceptance was lost is no answer; the acceptance is sent again
      return this.#transport.isFrame(packet) ? undefined : this.#owner.answered(packet);
    }
    if (this.isAnswered) return this.#stray.take(packet, this.#transport);
    const terms = parseTerms(told);
    const serial = terms && this.#ways.addresses.isHarmless(replyTo) &&
      this.#learnPeer(replyTo, terms, terms.secret);
    if (!serial) return this.#owner.answered(rewritten(this.#owner.subject, replyTo));
    if (this.machine.state === "opening") this.#owner.accepted(packet, terms!);
    this.#opening = undefined;
    this.machine.accepted(terms!, replyTo, serial, now);
  }
}
