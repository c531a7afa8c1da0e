import type { Clock } from "../../clock.ts";
import type { PublishLine } from "./protocol.ts";
import { type Interest, Sublist } from "./sublist.ts";

/** A receiver of messages. */
export interface Recipient {
  /** Takes a message for one of its subscriptions; `false` if that subscription does not get it. */
  deliver(subscription: Subscription, publication: Publication): boolean;
}

/** One SUB of one client. */
export interface Subscription extends Interest {
  readonly sid: string;
  readonly recipient: Recipient;
  /** Whether it is wider than what its user may receive. */
  filtered: boolean;
  received: number;
  /** Ends after this many messages; with 0 never. */
  max: number;
  /** Whether it is the server's own, not a client's. */
  readonly internal?: true;
}

/** A message that the server delivers. */
export interface Publication {
  readonly line: PublishLine;
  readonly payload: Uint8Array;
  readonly from: Recipient;
  /** The subject to deliver it to, if not its own: a consumer delivers messages that keep their subjects. */
  readonly to?: string | undefined;
}

/** What a subscription costs beside its text, and each node of the index, in bytes: measured. */
const SUBSCRIPTION = 192;
const NODE = 256;
/** What all subscriptions may cost: a few thousand of a thousand tokens each would otherwise exhaust the memory. */
const ROOM = 512 * 1024 * 1024;

/** How adding a subscription ended. */
export type Added = "added" | "invalid" | "full";

/** Routes messages to subscriptions: one subject space, as all clients here are in one account. */
export class Exchange {
  readonly #interest = new Sublist<Subscription>();
  readonly #clock: Pick<Clock, "random">;
  readonly #room: number;
  readonly #watched = new Map<string, Set<() => void>>();
  #bytes = 0;
  #internal = 0;

  /** `room` bounds all subscriptions, in estimated bytes. */
  constructor(clock: Pick<Clock, "random">, room: number = ROOM) {
    this.#clock = clock;
    this.#room = room;
  }

  /** How many subscriptions clients have. */
  get size(): number {
    return this.#interest.size - this.#internal;
  }

  /** Adds one, if its subject is valid and there is room. */
  subscribe(subscription: Subscription): Added {
    if (this.#bytes + this.#interest.nodes * NODE > this.#room) return "full";
    if (!this.#interest.insert(subscription)) return "invalid";
    this.#bytes += sizeOf(subscription);
    if (subscription.internal) this.#internal++;
    this.#tell(subscription.subject);
    return "added";
  }

  /** Removes one. */
  unsubscribe(subscription: Subscription): void {
    if (!this.#interest.remove(subscription)) return;
    this.#bytes -= sizeOf(subscription);
    if (subscription.internal) this.#internal--;
    this.#tell(subscription.subject);
  }

  /** Delivers to every plain subscription and to one of each group; `false` if none gets it. */
  publish(publication: Publication): boolean {
    const { plain, groups } = this.#interest.match(publication.to ?? publication.line.subject);
    let delivered = false;
    for (const subscription of plain) {
      if (subscription.recipient.deliver(subscription, publication)) delivered = true;
    }
    for (const group of groups) {
      if (deliverToOne(group, publication, this.#clock.random())) delivered = true;
    }
    return delivered;
  }

  /** Whether anyone is subscribed to the subject. */
  reaches(subject: string): boolean {
    const { plain, groups } = this.#interest.match(subject);
    return plain.length > 0 || groups.length > 0;
  }

  /** Whether anyone is subscribed to this very subject, not by a wildcard; with a queue, in that group. */
  isSubscribed(subject: string, queue: string | undefined): boolean {
    const { plain, groups } = this.#interest.match(subject);
    const fits = (one: Subscription | undefined) => one?.subject === subject;
    if (queue === undefined) return plain.some(fits);
    return groups.some((group) => group[0]?.queue === queue && group.some(fits));
  }

  /** Calls back at each change of the subscriptions to this very subject; returns how to stop that. */
  watch(subject: string, changed: () => void): () => void {
    const watching = this.#watched.get(subject) ?? new Set();
    this.#watched.set(subject, watching.add(changed));
    return () => {
      watching.delete(changed);
      if (watching.size === 0) this.#watched.delete(subject);
    };
  }

  /** A plain subscription of the receiver that would get a message to the subject. */
  subscriptionOf(recipient: Recipient, subject: string): Subscription | undefined {
    return this.#interest.match(subject).plain.find((one) => one.recipient === recipient);
  }

  #tell(subject: string): void {
    const watching = this.#watched.get(subject);
    if (!watching) return;
    for (const changed of [...watching]) changed();
  }
}

/** picks a random member, and tries the next ones if that one cannot take it */
function deliverToOne(
  group: readonly Subscription[],
  publication: Publication,
  random: number,
): boolean {
  const first = Math.floor(random * group.length);
  for (let i = 0; i < group.length; i++) {
    const subscription = group[(first + i) % group.length]!;
    if (subscription.recipient.deliver(subscription, publication)) return true;
  }
  return false;
}

function sizeOf({ subject, queue, sid }: Subscription): number {
  return SUBSCRIPTION + subject.length + sid.length + (queue?.length ?? 0);
}
