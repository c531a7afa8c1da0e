import { asMilliseconds } from "../../duration.ts";
import type { Clock } from "../../clock.ts";
import { toByteString } from "./byte_string.ts";
import type { EmbeddedPermissions, EmbeddedSubjects } from "./options.ts";
import { split } from "./settings.ts";
import { hasWildcard, isSubset, overlap } from "./subject.ts";
import { type Interest, Sublist } from "./sublist.ts";

/** How many decisions about subjects to remember. */
const CACHE_LIMIT = 1024;
const DEFAULT_RESPONSES = 1;
const DEFAULT_EXPIRY = 120_000;
/** After how many replies, or milliseconds, to drop those that have expired. */
const PRUNE_COUNT = 4096;
const PRUNE_INTERVAL = 1000;
/** How many replies to remember; beyond that the oldest is dropped. */
const MOST_REPLIES = 65_536;

interface Reply {
  readonly since: number;
  used: number;
}

interface Rules {
  readonly allow: Sublist<Interest> | undefined;
  readonly deny: Sublist<Interest> | undefined;
  readonly denied: readonly Interest[];
}

/** The permissions of one connected client, with the replies that it may still give. */
export class Permissions {
  readonly #publish: Rules;
  readonly #subscribe: Rules;
  readonly #responses: { readonly max: number; readonly expires: number } | undefined;
  readonly #replies = new Map<string, Reply>();
  readonly #publishable = new Map<string, boolean>();
  readonly #receivable = new Map<string, boolean>();
  #notedSincePrune = 0;
  readonly #clock: Clock;
  #prunedAt: number;

  constructor({ publish, subscribe, allowResponses }: EmbeddedPermissions, clock: Clock) {
    this.#clock = clock;
    this.#prunedAt = clock.now();
    if (allowResponses) {
      const { max = DEFAULT_RESPONSES, expires = DEFAULT_EXPIRY } = allowResponses === true
        ? {}
        : allowResponses;
      this.#responses = {
        max: max || DEFAULT_RESPONSES,
        expires: asMilliseconds(expires) || DEFAULT_EXPIRY,
      };
    }
    this.#publish = rules(publish, this.#responses !== undefined);
    this.#subscribe = rules(subscribe, false);
  }

  /** Whether it may publish there. If only `allowResponses` permits it, the call uses up one response. */
  mayPublish(subject: string): boolean {
    const ruled = remembered(this.#publishable, subject, () => {
      const { allow, deny } = this.#publish;
      return (!allow || allow.match(subject).plain.length > 0) &&
        (!deny || deny.match(subject).plain.length === 0);
    });
    return ruled || this.#mayRespond(subject);
  }

  /** May it subscribe so? */
  maySubscribe(subject: string, queue: string | undefined): boolean {
    const { allow, deny } = this.#subscribe;
    if (allow) {
      const { plain, groups } = allow.match(subject);
      const named = queue !== undefined && groups.length > 0;
      if (named ? !namesQueue(groups, queue) : plain.length === 0) return false;
    }
    return !deny || !denies(deny, subject, queue);
  }

  /** Whether a permitted subscription may also match denied subjects. */
  mustFilter(subject: string, queue: string | undefined): boolean {
    if (queue === undefined && !hasWildcard(subject)) return false;
    return this.#subscribe.denied.some((denied) => overlap(denied.subject, subject));
  }

  /** Whether a subscription of the client may get the message. */
  mayReceive(subject: string, queue: string | undefined): boolean {
    const { deny } = this.#subscribe;
    if (!deny) return true;
    const key = `${subject} ${queue ?? ""}`;
    return remembered(this.#receivable, key, () => !denies(deny, subject, queue));
  }

  /**
   * Notes the reply subject of a delivered message. As in nats-server, it notes no subject to which the client may
   * publish anyway, and the check for that uses up a response: two messages with one reply subject do not allow two
   * responses.
   */
  noteReply(subject: string): void {
    if (!this.#responses || this.mayPublish(subject)) return;
    const now = this.#clock.now();
    this.#replies.set(subject, { since: now, used: 0 });
    if (++this.#notedSincePrune > PRUNE_COUNT || now - this.#prunedAt > PRUNE_INTERVAL) {
      this.#prune(now);
    }
  }

  #mayRespond(subject: string): boolean {
    const reply = this.#replies.get(subject);
    if (!reply || !this.#responses) return false;
    const { max, expires } = this.#responses;
    reply.used++;
    const gone = (max > 0 && reply.used > max) ||
      (expires > 0 && this.#clock.now() - reply.since > expires);
    if (gone) this.#replies.delete(subject);
    return !gone;
  }

  #prune(now: number): void {
    const { max, expires } = this.#responses!;
    for (const [subject, { used, since }] of this.#replies) {
      const gone = (max > 0 && used >= max) || (expires > 0 && now - since > expires);
      if (gone || this.#replies.size > MOST_REPLIES) this.#replies.delete(subject);
    }
    this.#notedSincePrune = 0;
    this.#prunedAt = now;
  }
}

function rules(subjects: EmbeddedSubjects | undefined, denyUnnamed: boolean): Rules {
  const { allow = denyUnnamed ? [] : undefined, deny } = split(subjects);
  return {
    allow: allow && index(allow.map(interest)),
    deny: deny?.length ? index(deny.map(interest)) : undefined,
    denied: deny?.map(interest) ?? [],
  };
}

function interest(entry: string): Interest {
  const [subject = "", queue] = toByteString(entry).split(" ");
  return { subject, queue };
}

function index(interests: readonly Interest[]): Sublist<Interest> {
  const sublist = new Sublist<Interest>();
  for (const one of interests) sublist.insert(one);
  return sublist;
}

function denies(deny: Sublist<Interest>, subject: string, queue: string | undefined): boolean {
  const { plain, groups } = deny.match(subject);
  return plain.length > 0 || (queue !== undefined && namesQueue(groups, queue));
}

function namesQueue(groups: readonly (readonly Interest[])[], queue: string): boolean {
  return groups.some(([{ queue: named = "" } = { queue: "" }]) =>
    // `*` and `>` are valid in the name of a group, so compare the literal name first
    named === queue || (hasWildcard(named) && isSubset(queue, named))
  );
}

function remembered(cache: Map<string, boolean>, key: string, decide: () => boolean): boolean {
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  const decision = decide();
  cache.set(key, decision);
  return decision;
}
