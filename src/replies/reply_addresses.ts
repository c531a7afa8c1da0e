import type { Packet } from "../message/packet.ts";
import { covers } from "../subject/covers.ts";
import { isSubject } from "../subject/subject.ts";
import { ServedSubjects } from "./served_subjects.ts";

/** An inbox of the broker's own, which is answered only to what was asked from it. */
export interface OwnInbox {
  /** Whether this message is a question of its own, and not one of somebody else who has seen its address. */
  hasAsked(question: Packet): boolean;
  /** The program publishes to this subject, with the inbox as the address of reply. */
  asking?(subject: string): void;
}

/** What a name of an inbox adds to its prefix: a dot and a token. */
const TAIL = 23;
/** Callers of this many prefixes are known at a glance. */
const MOST_KNOWN = 64;
/** How the server names an address of reply that comes from another cluster, with two tokens behind it. */
const GATEWAY = "_GR_.";
/** How addresses of links end. Those of requests do not, so that no link takes them from anybody. */
const FRAME_NAME = /^(?:[a-z]\d{1,15}|\d{1,15}[a-z])$/;
/** Only the server writes these; they are how a message of JetStream is acknowledged. */
const ACKNOWLEDGEMENT = "$JS.ACK.";

/**
 * Where answers may go. The server does not check an address of reply against what its sender may publish to, so a
 * broker that answered everywhere would do for any caller what only the broker may.
 */
export class ReplyAddresses {
  /** What makes a message show no address that it may not be answered at. */
  readonly reception: { readonly addresses: ReplyAddresses } = { addresses: this };
  /** Patterns, as the program gave them. */
  readonly answersTo: readonly string[] | undefined;
  readonly #served = new ServedSubjects();
  readonly #inboxes = new Map<string, OwnInbox>();
  /** Inboxes of others where single messages are allowed to us, and which a link has use for. */
  readonly #reserved = new Set<string>();
  readonly #ownHead: string;
  readonly #ownLength: number;
  /** First tokens under which nothing is forbidden, each with its dot; nearly all callers have the last one. */
  readonly #known = new Set<string>();
  #last = "";
  #isOwnHeadFree: boolean | undefined;

  /** `answersTo` are patterns; without them answers may go wherever nothing speaks against it. */
  constructor(inboxPrefix: string, answersTo: readonly string[] | undefined) {
    this.answersTo = answersTo;
    this.#ownHead = `${inboxPrefix}.`;
    this.#ownLength = inboxPrefix.length + TAIL;
  }

  /** The broker subscribes to a pattern of its program's. */
  serve(pattern: string, subscriber: object): void {
    this.#served.add(pattern, subscriber);
    this.#forget();
  }

  /** It does so no longer. */
  leave(pattern: string, subscriber: object): void {
    this.#served.delete(pattern, subscriber);
    this.#forget();
  }

  /** One of the broker's own inboxes is open, with all addresses below it. */
  open(inbox: string, owner: OwnInbox): void {
    this.#inboxes.set(inbox, owner);
  }

  /** It is closed. */
  close(inbox: string): void {
    this.#inboxes.delete(inbox);
  }

  /** The server counts what we send to each address below an inbox, and a link of ours needs all of it. */
  reserve(inbox: string): void {
    this.#reserved.add(inbox);
  }

  /** It does so no longer. */
  release(inbox: string): void {
    this.#reserved.delete(inbox);
  }

  /** Whether somebody who was asked may be written to at an address of his own choosing. */
  isHarmless(address: string): boolean {
    if (!isSubject(address)) return false;
    const local = behindGateway(address);
    return local !== "" && !local.startsWith("$") && !this.#served.has(local);
  }

  /** The program publishes with an address of reply, which may be an inbox of its own. */
  asking(subject: string, replyTo: string): void {
    if (replyTo.startsWith(this.#ownHead)) this.#inboxOf(replyTo)?.asking?.(subject);
  }

  /**
   * Whether the broker may answer this message. Each request asks, so that the usual address costs a comparison; one that is
   * no subject at all does not come in.
   */
  permits(message: Packet): boolean {
    const { replyTo } = message;
    if (replyTo === "") return true;
    if (this.#reserved.size > 0 && this.#isReserved(replyTo)) return false;
    if (this.#last !== "" && replyTo.startsWith(this.#last)) return true;
    if (!replyTo.startsWith(this.#ownHead)) return this.#isPermitted(replyTo);
    const inbox = this.#inboxOf(replyTo);
    if (inbox) return inbox.hasAsked(message);
    this.#isOwnHeadFree ??= this.#isFree(this.#ownHead);
    return this.#isOwnHeadFree || this.#isPermitted(replyTo);
  }

  /** Whether the program is shown the address of a message that it answers, or acknowledges, by itself. */
  shows(message: Packet): boolean {
    return message.replyTo.startsWith(ACKNOWLEDGEMENT) || this.permits(message);
  }

  #isReserved(replyTo: string): boolean {
    const dot = replyTo.lastIndexOf(".");
    return this.#reserved.has(replyTo.slice(0, dot)) && FRAME_NAME.test(replyTo.slice(dot + 1));
  }

  #inboxOf(replyTo: string): OwnInbox | undefined {
    return this.#inboxes.get(replyTo.slice(0, this.#ownLength));
  }

  #forget(): void {
    this.#known.clear();
    this.#last = "";
    this.#isOwnHeadFree = undefined;
  }

  #isPermitted(replyTo: string): boolean {
    const head = replyTo.slice(0, replyTo.indexOf(".") + 1);
    if (this.#known.has(head)) {
      this.#last = head;
      return true;
    }
    if (!isSubject(replyTo)) return false;
    if (replyTo.startsWith(GATEWAY)) return this.#isPermittedBehindGateway(replyTo);
    if (!this.#allows(replyTo, replyTo)) return false;
    this.#learn(head);
    return true;
  }

  /** What the address is where it comes from; it may not lead back here by that way either. */
  #isPermittedBehindGateway(replyTo: string): boolean {
    const address = behindGateway(replyTo);
    return address !== "" && !this.#inboxOf(address) && this.#allows(address, address);
  }

  /** Whether answers may go to all that a pattern takes in, its `sample` among it. */
  #allows(pattern: string, sample: string): boolean {
    const entries = this.answersTo?.filter((entry) => covers(entry, pattern));
    if (entries?.some(isExplicit)) return true;
    if (entries?.length === 0 || sample.startsWith("$")) return false;
    return !this.#served.has(pattern);
  }

  #isFree(head: string): boolean {
    return head !== GATEWAY && this.#allows(`${head}>`, head);
  }

  #learn(head: string): void {
    if (head === "" || this.#ownHead.startsWith(head) || !this.#isFree(head)) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(head);
    this.#last = head;
  }
}

/** What an address is in the cluster that it leads to, through as many as it names; empty if it leads nowhere. */
function behindGateway(address: string): string {
  let local = address;
  while (local.startsWith(GATEWAY)) local = local.split(".").slice(3).join(".");
  return local;
}

/** A wildcard in the first place takes in neither `$…` nor what the broker serves: nobody thinks of these. */
function isExplicit(entry: string): boolean {
  return !/^[*>]/.test(entry);
}
