import type { Codecs } from "../message/codecs.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { isSubject } from "../subject/subject.ts";
import { covers, PatternTree } from "../subject/wildcards.ts";

/** An inbox of this broker. Handlers may answer to it only if this broker sent the question. */
export interface OwnInbox {
  /** Whether this inbox sent the question, and not somebody else who has seen its address. */
  hasAsked(question: RawMessage): boolean;
  /** Notes that the program publishes to this subject with the inbox as the reply address. */
  asking?(subject: string): void;
}

/** The length of what an inbox's name adds to its prefix: a dot and a token. */
const TAIL = 23;
/** How many prefixes of callers to remember as permitted. */
const MOST_KNOWN = 64;
/** The server's prefix for a reply address from another cluster; two more tokens follow. */
const GATEWAY = "_GR_.";
/** How addresses of links end. Addresses of requests end otherwise, so that no link accepts them from a peer. */
const FRAME_NAME = /^(?:[a-z]\d{1,15}|\d{1,15}[a-z])$/;
/** The server's prefix for addresses that acknowledge messages of JetStream. */
const ACKNOWLEDGEMENT = "$JS.ACK.";

/**
 * Decides where answers may go. The server does not check whether a sender may publish to its own reply address, so a
 * broker that answered everywhere would publish for any caller with the broker's own permissions.
 */
export class ReplyAddresses {
  /** What received messages have in common: they hide reply addresses that are not permitted. */
  readonly reception: { readonly addresses: ReplyAddresses; readonly codecs: Codecs | undefined };
  /** The patterns as the program gave them. */
  readonly answersTo: readonly string[] | undefined;
  readonly #served = new ServedSubjects();
  readonly #inboxes = new OwnInboxes();
  /** Inboxes of others to which the server permits us a limited number of messages, and to which a link sends. */
  readonly #reserved = new Set<string>();
  readonly #ownHead: string;
  readonly #ownLength: number;
  /** First tokens below which every address is permitted, each with its dot; the last one fits nearly all callers. */
  readonly #known = new Set<string>();
  #last = "";
  #isOwnHeadFree: boolean | undefined;

  /** `answersTo` are patterns; without them every address is permitted that no other rule forbids. */
  constructor(inboxPrefix: string, answersTo: readonly string[] | undefined, codecs?: Codecs) {
    this.reception = { addresses: this, codecs };
    this.answersTo = answersTo;
    this.#ownHead = `${inboxPrefix}.`;
    this.#ownLength = inboxPrefix.length + TAIL;
  }

  /** Notes that the broker subscribes to a pattern of its program. */
  serve(pattern: string, subscriber: object): void {
    this.#served.add(pattern, subscriber);
    this.#forget();
  }

  /** It does so no longer. */
  leave(pattern: string, subscriber: object): void {
    this.#served.delete(pattern, subscriber);
    this.#forget();
  }

  /** Notes an open inbox of the broker, with all addresses below it. */
  open(inbox: string, owner: OwnInbox): void {
    this.#inboxes.add(inbox, owner);
  }

  /** Notes that the inbox is closed. */
  close(inbox: string): void {
    this.#inboxes.delete(inbox);
  }

  /**
   * Reserves an inbox for a link: the server limits how many messages we may send to each address below it, and the
   * link needs all of them.
   */
  reserve(inbox: string): void {
    this.#reserved.add(inbox);
  }

  /** It does so no longer. */
  release(inbox: string): void {
    this.#reserved.delete(inbox);
  }

  /** Whether we may write to an address that a responder has chosen. */
  isHarmless(address: string): boolean {
    if (!isSubject(address)) return false;
    const local = behindGateway(address);
    return local !== "" && !local.startsWith("$") && !this.#served.has(local);
  }

  /** Notes that the program publishes with a reply address, which may be one of its own inboxes. */
  asking(subject: string, replyTo: string): void {
    if (replyTo.startsWith(this.#ownHead)) this.#inboxOf(replyTo)?.asking?.(subject);
  }

  /**
   * Whether the broker may answer this message. As this runs for each request, the usual address costs one comparison;
   * the server delivers no reply address that is an invalid subject.
   */
  permits(message: RawMessage): boolean {
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

  /** Whether to show the program the reply address of a message that the program itself answers or acknowledges. */
  shows(message: RawMessage): boolean {
    return message.replyTo.startsWith(ACKNOWLEDGEMENT) || this.permits(message);
  }

  #isReserved(replyTo: string): boolean {
    const dot = replyTo.lastIndexOf(".");
    return this.#reserved.has(replyTo.slice(0, dot)) && FRAME_NAME.test(replyTo.slice(dot + 1));
  }

  #inboxOf(replyTo: string): OwnInbox | undefined {
    return this.#inboxes.of(replyTo, this.#ownLength);
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

  /** Checks the address within the cluster it comes from, as it must not lead back here through a gateway either. */
  #isPermittedBehindGateway(replyTo: string): boolean {
    const address = behindGateway(replyTo);
    return address !== "" && !this.#inboxOf(address) && this.#allows(address, address);
  }

  /** Whether answers may go to every subject that a pattern matches; `sample` is one of them. */
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

/** How many endings of names to tell apart. */
const ENDINGS = 256;

/**
 * The open inboxes of a broker by their names, which are equally long. Nearly every request comes from the inbox of
 * somebody else, below the same prefix: its last two letters tell so for a tenth of what a search of the map costs.
 */
class OwnInboxes {
  readonly #owners = new Map<string, OwnInbox>();
  /** How many names have each ending. */
  readonly #endings = new Uint32Array(ENDINGS);

  add(inbox: string, owner: OwnInbox): void {
    if (!this.#owners.has(inbox)) this.#endings[endingOf(inbox, inbox.length)]!++;
    this.#owners.set(inbox, owner);
  }

  delete(inbox: string): void {
    if (this.#owners.delete(inbox)) this.#endings[endingOf(inbox, inbox.length)]!--;
  }

  /** The inbox that an address is below; its name has this length. */
  of(address: string, length: number): OwnInbox | undefined {
    if (this.#endings[endingOf(address, length)] === 0) return undefined;
    return this.#owners.get(address.slice(0, length));
  }
}

/** The last two letters of a name as one number. */
function endingOf(name: string, length: number): number {
  return (name.charCodeAt(length - 1) ^ name.charCodeAt(length - 2) << 3) & ENDINGS - 1;
}

/** The address within its target cluster, after all gateways that it names; empty if nothing is left. */
function behindGateway(address: string): string {
  let local = address;
  while (local.startsWith(GATEWAY)) local = local.split(".").slice(3).join(".");
  return local;
}

/**
 * Whether an entry names its first token. An entry that begins with a wildcard excludes `$…` and the subjects that the
 * broker serves, as its author hardly means them.
 */
function isExplicit(entry: string): boolean {
  return !/^[*>]/.test(entry);
}

/** The patterns that a broker subscribes to: an answer to one of them would come back as the broker's next message. */
export class ServedSubjects {
  readonly #patterns = new PatternTree<object>();
  /** Patterns such as `>`, which also match every inbox; they serve all subjects except the inboxes. */
  readonly #all = new PatternTree<object>();

  add(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).add(pattern, subscriber);
  }

  delete(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).delete(pattern, subscriber);
  }

  /** Whether a message to the subject, or to a subject that the pattern matches, would come to the broker itself. */
  has(subject: string): boolean {
    if (this.#patterns.overlapping(subject) !== undefined) return true;
    return !subject.startsWith("_") && this.#all.overlapping(subject) !== undefined;
  }

  #treeOf(pattern: string): PatternTree<object> {
    return /^[*>](\.[*>])*$/.test(pattern) ? this.#all : this.#patterns;
  }
}
