import { asError } from "../../legible.ts";
import type { MessageSink, ServerSubscription } from "../../connection/connection.ts";
import { NoRespondersError } from "../../errors.ts";
import { isNoResponders } from "../../requests/requests.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import { isOwnQuestion } from "../../replies/refusals.ts";
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
import { framesIn, type MessageName, type Numbered } from "../frames/frame.ts";
import { LinkMemory } from "./link_memory.ts";
import type { LinkEvents } from "../machine/link_events.ts";
import { LinkMachine } from "../machine/link_machine.ts";
import type { LinkSettings } from "../link_options.ts";
import type { LinkContext, LinkOwner } from "./link_context.ts";
import type { ManagedLink } from "../links.ts";
import {
  RefusalCount,
  rewritten,
  silentSubject,
  UnexpectedMessages,
} from "./unexpected_messages.ts";
import { type Acceptance, FrameTransport } from "./frame_transport.ts";

/** Connects the machine of one side with its inbox, its owner and the connection. */
export class Link implements ManagedLink, MessageSink, LinkEvents, OwnInbox {
  readonly machine: LinkMachine;
  readonly memory: LinkMemory;
  /** Whether a plain answer has been taken, so that no acceptance counts any more. */
  isAnswered = false;
  readonly #context: LinkContext;
  readonly #owner: LinkOwner;
  readonly #transport: FrameTransport;
  readonly #interest: ServerSubscription;
  #unexpected: UnexpectedMessages | undefined;
  #refusals: RefusalCount | undefined;
  readonly #inbox: string;
  readonly #isLossy: boolean;
  #opening: EncodedMessage | undefined;

  /** Subscribes to an inbox of its own. */
  constructor(context: LinkContext, owner: LinkOwner, settings: LinkSettings) {
    const { connection } = this.#context = context;
    this.#owner = owner;
    this.#isLossy = context.responseLimit !== undefined && settings.resumeTimeout > 0;
    const inbox = this.#inbox = context.newInbox();
    this.#transport = new FrameTransport(
      connection,
      inbox,
      owner.correlationId,
      (error) => this.#fail(error),
    );
    this.machine = new LinkMachine(
      settings,
      context.responseLimit,
      this.#transport,
      this,
      this.clock.now(),
    );
    this.#interest = connection.subscribe(`${inbox}.*`, this);
    context.addresses.open(inbox, this);
    context.links.add(this, settings.idleTimeout);
    this.memory = new LinkMemory(context.links.memory, context.feed, this.machine, owner);
  }

  get clock(): LinkContext["clock"] {
    return this.#context.clock;
  }

  get subject(): string {
    return this.#owner.subject;
  }

  /** The peer's terms. */
  get terms(): HandshakeTerms | undefined {
    return this.#transport.terms;
  }

  /** Sends the opening, or holds it while disconnected. */
  open(opening: EncodedMessage): void {
    opening.replyTo = this.#transport.first;
    this.#opening = opening;
    this.#context.connection.publish(opening);
  }

  /** Cancels an unsent opening; returns whether it was unsent. */
  withdraw(opening: EncodedMessage): boolean {
    return this.#context.connection.tryCancel(opening);
  }

  /**
   * Accepts an opening.
   *
   * @returns whether it can be: its reply address must have come as it was sent
   */
  accept(replyTo: string, terms: HandshakeTerms, acceptance: Acceptance, secret: number): boolean {
    const serial = this.#learnPeer(replyTo, terms, secret);
    if (serial === undefined) return false;
    const subject = this.machine.opened(terms, replyTo, serial, this.clock.now());
    if (subject === undefined) return false;
    this.#transport.accept(acceptance, 1, subject);
    return true;
  }

  /** The program has read so many bytes; `freed` is the memory that this frees, if it is all that has changed. */
  read(size: number, frames = 1, freed?: number): void {
    if (this.machine.read(size, frames)) this.machine.credit(this.clock.now());
    if (freed === undefined) this.memory.shrink();
    else this.memory.free(freed);
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

  /** The server forbids publishing to a subject: if that is the peer's, a message of this link is lost. */
  forbidden(subject: string, error: Error): void {
    if (this.#transport.isPeer(subject)) {
      this.#refusals ??= new RefusalCount(this.#isLossy);
      if (!this.#refusals.isBearable(this.clock.now())) this.#fail(error);
    } else if (!this.terms && subject === this.#owner.subject) {
      this.#owner.handshake.answered(error);
    }
  }

  /** The server refuses the subscription to the inbox. */
  refused(error: Error): void {
    if (this.terms) this.#fail(error);
    else this.#owner.handshake.answered(error);
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
    this.memory.count();
  }

  deliver(frame: Numbered): void {
    this.#owner.deliver(frame);
  }

  ended(ending: EndDetails): void {
    this.#context.links.settle(this);
    this.#owner.ended(ending);
  }

  draining(): void {
    this.#owner.draining();
  }

  released(): void {
    this.#interest.unsubscribe();
    this.#context.addresses.close(this.#inbox);
    this.#context.addresses.release(this.#transport.peer);
    this.#context.links.remove(this);
    this.memory.count();
  }

  #sendable(ending: EndDetails): EndDetails {
    return sendable(ending, (cause) => {
      const { subject, correlationId } = this.#owner;
      this.#context.feed.emit({ type: "error", error: asError(cause), subject, correlationId });
    });
  }

  get #stray(): UnexpectedMessages {
    return this.#unexpected ??= new UnexpectedMessages(this.#context);
  }

  /** Learns the peer; returns the serial of its address, if that is valid. */
  #learnPeer(address: string, terms: HandshakeTerms, secret: number): number | undefined {
    const serial = this.#transport.learnPeer(address, terms, secret);
    if (serial && this.#context.responseLimit) {
      this.#context.addresses.reserve(this.#transport.peer);
    }
    return serial;
  }

  /** Ends a link that cannot go on, as when a new server takes smaller messages. */
  #fail(error: unknown): void {
    this.machine.fail({ reason: "gap", error }, this.clock.now());
  }

  /** Takes a message without a reply address: the server's 503, or a bare frame to a limited side. */
  #takeBare(packet: RawMessage, now: number): void {
    if (isNoResponders(packet)) return this.#takeSilence(packet, now);
    const name = this.#context.responseLimit && this.#transport.nameOf(packet);
    if (name && "number" in name) this.#takeNumbered(packet, name, now);
    else this.#stray.report(packet);
  }

  /** Takes a 503: only one that names an address of the peer is surely the server's. */
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

  /** Takes a message before the peer is known. */
  #takeAnswer(packet: RawMessage, now: number): void {
    const { subject, replyTo } = packet;
    if (isNoResponders(packet)) {
      // nothing but the opening has been sent
      if (subject !== this.#transport.first) return this.#stray.report(packet);
      return this.#owner.handshake.answered(new NoRespondersError(this.#owner.subject));
    }
    const told = toldIn(packet);
    if (told === undefined) {
      // a frame whose acceptance was lost is no answer; the acceptance is sent again
      return this.#transport.isFrame(packet) ? undefined : this.#owner.handshake.answered(packet);
    }
    if (this.isAnswered) return this.#stray.take(packet, this.#transport);
    const terms = parseTerms(told);
    const serial = terms && this.#context.addresses.isHarmless(replyTo) &&
      this.#learnPeer(replyTo, terms, terms.secret);
    if (!serial) return this.#owner.handshake.answered(rewritten(this.#owner.subject, replyTo));
    if (this.machine.state === "opening") this.#owner.handshake.accepted(packet);
    this.#opening = undefined;
    this.machine.accepted(terms!, replyTo, serial, now);
  }
}
