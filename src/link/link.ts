import type { Connection, Interest, Taker } from "../connection/connection.ts";
import { NoRespondersError } from "../errors.ts";
import { isNoResponders } from "../inbox/requests.ts";
import type { Outgoing } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import { encodeEnding, type Ending, readEnding } from "./ending.ts";
import { type ControlKind, type Numbered, parseName } from "./frame.ts";
import { LinkError } from "./link_error.ts";
import type { LinkActions } from "./link_life.ts";
import { LinkMachine } from "./link_machine.ts";
import type { LinkSettings } from "./link_options.ts";
import type { LinkWays } from "./link_ways.ts";
import type { Linked } from "./links.ts";
import type { Unnumbered } from "./outflow.ts";
import { parseTally, type Tally } from "./tally.ts";
import { parseTerms, type Terms, toldIn } from "./terms.ts";
import { Wire } from "./wire.ts";

/** Who has one end of a link in hand. */
export interface LinkOwner {
  /** What is said of the link, for sentences. */
  readonly subject: string;
  readonly correlationId: string;
  /** The other side has accepted. */
  accepted(acceptance: Packet, terms: Terms): void;
  /** What came in place of an acceptance: an answer, or an error. */
  answered(answer: Packet | Error): void;
  /** The next frame in order; its bytes are the connection's, and gone with the next. */
  deliver(frame: Numbered): void;
  /** More may have been sent, or be known to have arrived. */
  moved(): void;
  draining(): void;
  ended(ending: Ending): void;
}

/** The machine of one side, on a connection: an inbox of its own, and frames as messages. */
export class Link implements Linked, Taker, LinkActions {
  readonly #ways: LinkWays;
  readonly #owner: LinkOwner;
  readonly #machine: LinkMachine;
  readonly #wire: Wire;
  readonly #interest: Interest;
  #strays = 0;

  /** Subscribes to an inbox of its own. */
  constructor(ways: LinkWays, owner: LinkOwner, settings: LinkSettings) {
    this.#ways = ways;
    this.#owner = owner;
    const { connection, allowance } = ways;
    const inbox = ways.newInbox();
    // a server that takes less than the one before, for instance
    const failed = (error: unknown) => this.abort({ reason: "gap", error });
    this.#wire = new Wire(connection, inbox, owner.correlationId, failed);
    this.#machine = new LinkMachine(settings, allowance, this, performance.now());
    this.#interest = connection.subscribe(`${inbox}.*`, this);
    ways.links.add(this);
  }

  get state(): LinkMachine["state"] {
    return this.#machine.state;
  }

  /** What is given and not sent yet, or sent and not acknowledged. */
  get out(): LinkMachine["out"] {
    return this.#machine.out;
  }

  /** What the other side told of itself. */
  get terms(): Terms | undefined {
    return this.#wire.terms;
  }

  get due(): number {
    return this.#machine.due;
  }

  /** Sends the opening. */
  open(opening: Outgoing): ReturnType<Connection["publish"]> {
    opening.replyTo = this.#wire.first;
    return this.#ways.connection.publish(opening);
  }

  /**
   * Accepts an opening.
   *
   * @returns whether it can be: its address of reply must have come as it was sent
   */
  accept(
    replyTo: string,
    terms: Terms,
    acceptance: Pick<Outgoing, "data" | "headerBlock">,
  ): boolean {
    const serial = this.#wire.meet(replyTo, terms);
    if (serial === undefined) return false;
    const subject = this.#machine.opened(terms, replyTo, serial, performance.now());
    if (subject === undefined) return false;
    this.#wire.publish({ ...acceptance, subject, replyTo: this.#wire.first });
    return true;
  }

  restrict(to: "reading" | "sending"): void {
    if (to === "reading") this.#machine.hush();
    else this.#machine.deafen();
  }

  give(frame: Unnumbered): number {
    return this.#machine.give(frame, performance.now());
  }

  read(size: number): void {
    this.#machine.read(size, performance.now());
  }

  close(ending: Ending): void {
    const frame = { ...encodeEnding(ending, this.#owner.correlationId), code: "f" } as const;
    this.#machine.close(ending, frame, performance.now());
  }

  abort(ending: Ending): void {
    this.#machine.abort(ending, performance.now());
  }

  /** Nobody will accept any more. */
  expire(): void {
    this.#machine.refused();
  }

  drain(): void {
    this.#machine.drain(performance.now());
    this.#owner.draining();
  }

  tick(now: number): void {
    this.#machine.tick(now);
  }

  connected(now: number): void {
    this.#machine.connected(now);
  }

  disconnected(now: number): void {
    this.#machine.disconnected(now);
  }

  /** The server does not permit to publish there. */
  forbidden(subject: string, error: Error): void {
    if (this.#wire.isPeer(subject)) this.abort({ reason: "gap", error });
    else if (!this.terms && subject === this.#owner.subject) this.#answered(error);
  }

  /** The server does not permit to listen. */
  refused(error: Error): void {
    if (this.terms) this.abort({ reason: "gap", error });
    else this.#answered(error);
  }

  take(packet: Packet): void {
    const now = performance.now();
    const { replyTo } = packet;
    if (!this.terms) this.#takeAnswer(packet, now);
    else if (replyTo !== "" && !this.#wire.isPeer(replyTo)) this.#takeStray(packet);
    else if (replyTo === "" && isNoResponders(packet)) this.#machine.lost(now);
    else this.#takeFrame(packet, now);
    this.#owner.moved();
  }

  transmit(frame: Numbered, address: string): void {
    this.#wire.transmit(frame, address);
  }

  say(kind: ControlKind, serial: number, tally: Tally, address: string): void {
    this.#wire.say(kind, serial, tally, address);
  }

  leave(ending: Ending, serial: number, address: string): void {
    this.#wire.leave(ending, serial, address);
  }

  deliver(frame: Numbered): void {
    this.#owner.deliver(frame);
  }

  ended(ending: Ending): void {
    this.#ways.links.settle(this);
    this.#owner.ended(ending);
  }

  draining(): void {
    this.#owner.draining();
  }

  released(): void {
    this.#interest.unsubscribe();
    this.#ways.links.remove(this);
  }

  #takeFrame(packet: Packet, now: number): void {
    const { data, headerBlock, replyTo } = packet;
    const name = this.#wire.nameOf(packet);
    if (!name) return this.#report(packet);
    this.#machine.addressed(this.#wire.usedBy(packet));
    if ("number" in name) return this.#machine.numbered({ ...name, data, headerBlock }, now);
    if (name.kind === "abort") return this.#machine.left(readEnding(packet));
    const tally = parseTally(data);
    if (tally) this.#machine.control(name.kind, name.serial, tally, replyTo, now);
    else this.#report(packet);
  }

  /** What comes before the other side is known. */
  #takeAnswer(packet: Packet, now: number): void {
    if (isNoResponders(packet)) return this.#answered(new NoRespondersError(this.#owner.subject));
    const { replyTo } = packet;
    const told = toldIn(packet);
    if (told === undefined) return this.#answered(packet);
    const terms = parseTerms(told);
    const serial = terms && this.#wire.meet(replyTo, terms);
    if (serial === undefined) return this.#answered(rewritten(this.#owner.subject, replyTo));
    if (this.state === "opening") this.#owner.accepted(packet, terms!);
    this.#machine.accepted(terms!, replyTo, serial, now);
  }

  #answered(answer: Packet | Error): void {
    if (this.state === "opening") this.#owner.answered(answer);
    this.#machine.refused();
  }

  /** Whoever is not the other side has no say here; one who has accepted as well must not wait for us. */
  #takeStray(packet: Packet): void {
    const { replyTo } = packet;
    if (toldIn(packet) === undefined) return this.#report(packet);
    const name = parseName(replyTo, replyTo.lastIndexOf(".") + 1);
    const ending: Ending = { reason: "cancelled", description: "Another has accepted before" };
    if (name && "kind" in name && name.kind === "open") this.#wire.leave(ending, 1, replyTo);
  }

  /** Told once, as there may be many. */
  #report({ subject, replyTo }: Packet): void {
    if (this.#strays++ > 0) return;
    const error = new Error(
      `Cannot take a message at "${subject}" as it must come from the other side: "${replyTo}"`,
    );
    this.#ways.feed.emit({ type: "error", error });
  }
}

function rewritten(subject: string, replyTo: string): LinkError {
  const rule = "addresses of reply must arrive as they were sent, in this protocol's version";
  return new LinkError(`open, as ${rule} ("${replyTo}"),`, subject, "gap");
}
