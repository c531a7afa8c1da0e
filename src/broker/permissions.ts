import type { ResponseLimit } from "../link/link_options.ts";
import { checkOptions, subjects } from "../options.ts";
import { type ServiceOptions, subjectsOf, VERBS } from "../service/endpoint.ts";
import { isToken, Pattern } from "../subject/subject.ts";
import { leastEntries, type Wanted } from "../subject/wildcards.ts";
import type { Needs } from "../source/source.ts";
import type { Registry } from "./registry.ts";

/**
 * What a server must permit a user, in the formats that servers read; `broker.permissions()` returns it. Answers are
 * publications to the inboxes of callers: the broker's `answersTo`, or `_INBOX.>`.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { inboxPrefix: "_SHOP" });
 * broker.publisher("orders.{id}.placed");
 * const { publish, subscribe } = broker.permissions({ sessions: ["_DESK.>"] });
 *
 * assertEquals([publish, subscribe], [["_DESK.>", "orders.*.placed"], ["_SHOP.>"]]);
 * ```
 */
export interface Permissions {
  /** Where the user may publish; `{ deny: [">"] }` means nowhere, as servers read an empty list as everywhere. */
  readonly publish: readonly string[] | { readonly deny: readonly string[] };
  /** What the user may subscribe to; `"subject queue"` for a queue group. */
  readonly subscribe: readonly string[];
  /**
   * How often the user may answer each message, and for how many milliseconds; `true` is once within two minutes.
   * Present only if the broker has `allowResponses`: this permission lets every caller have an answer sent to any
   * subject, even one to which the caller may not publish.
   */
  readonly allowResponses?: true | { readonly max: number; readonly expires: number };
  /** A `permissions { … }` block for a user in nats-server's configuration. */
  readonly config: string;
  /** The same in a user's JWT: what goes into its `nats` claim. */
  readonly claims: PermissionClaims;
  /** The same as `config`. */
  toString(): string;
}

/** Permissions as a user's JWT has them. */
export interface PermissionClaims {
  /** Where the user may publish. */
  readonly pub: SubjectClaims;
  /** What the user may subscribe to. */
  readonly sub: SubjectClaims;
  /** How often the user may answer each message, and for how many nanoseconds. */
  readonly resp?: { readonly max: number; readonly ttl: number };
}

/** Subjects in a user's JWT. */
export interface SubjectClaims {
  /** The permitted subjects. */
  readonly allow?: readonly string[];
  /** The forbidden subjects. */
  readonly deny?: readonly string[];
}

/** What a broker needs without any subscribers and publishers. */
export interface BrokerNeeds {
  readonly inboxPrefix: string;
  /** The queue group of subscribers that name no group. */
  readonly queue: string | undefined;
  readonly responseLimit: ResponseLimit | undefined;
  readonly answersTo: readonly string[] | undefined;
  readonly service: Pick<ServiceOptions, "name" | "id"> | undefined;
  /** What the doors of the broker need. */
  readonly doors: readonly Needs[];
}

const NANOSECONDS = 1_000_000;
const ONCE: ResponseLimit = { max: 1, expires: 120_000 };
/** The default inboxes of the NATS clients of every language. */
const USUAL_INBOXES = ["_INBOX.>"];
const NOWHERE = { deny: [">"] } as const;
const WIDTH = 80;

/**
 * The least that a broker needs for its subscribers and publishers, and for what the program sends and reads besides.
 */
export function permissionsOf(
  registry: Registry,
  needs: BrokerNeeds,
  { publish, sessions, subscribe }: PermissionsSettings,
): Permissions {
  const { handled, published } = registry;
  const targets = [...handled.map(({ needs }) => needs), ...needs.doors]
    .flatMap(({ publish = [] }) => publish);
  const outgoing = [
    ...publish,
    ...sessions,
    ...published,
    ...targets,
    ...answersOf(registry, needs),
  ];
  return new LeastPermissions(
    leastEntries(outgoing.map((subject) => ({ subject }))),
    leastEntries([...subscribe, ...subscriptionsOf(registry, needs)]),
    needs.responseLimit,
  );
}

function subscriptionsOf(
  { handled, readers }: Registry,
  { inboxPrefix, queue, service, doors }: BrokerNeeds,
): Wanted[] {
  // without a given id, each start makes a new one
  const { name, id = "*" } = service ?? {};
  const inGroup = ({ subject, queue: own = queue }: Wanted) => ({ subject, queue: own });
  const found = name === undefined ? [] : VERBS.flatMap((verb) => subjectsOf(verb, name, id));
  return [
    { subject: `${inboxPrefix}.>` },
    ...handled.flatMap(({ needs: { subscribe = [] }, isOfSubject }) =>
      isOfSubject ? subscribe.map(inGroup) : subscribe
    ),
    ...doors.flatMap(({ subscribe = [] }) => subscribe),
    ...readers.map(inGroup),
    ...found.map((subject) => ({ subject })),
  ];
}

/** Where answers go; not needed if the server permits answers to every reply address. */
function answersOf(
  { handled }: Registry,
  { responseLimit, answersTo, service, doors }: BrokerNeeds,
): readonly string[] {
  const isAnswering = service || doors.some((door) => door.answers) ||
    handled.some(({ answers }) => answers !== "none");
  return responseLimit || !isAnswering ? [] : answersTo ?? USUAL_INBOXES;
}

/** Its own fields are exactly those of nats-server, so that the embedded server takes it as an option. */
class LeastPermissions implements Permissions {
  readonly publish: readonly string[] | typeof NOWHERE;
  readonly subscribe: readonly string[];
  declare readonly allowResponses?: true | ResponseLimit;
  readonly #responseLimit: ResponseLimit | undefined;

  constructor(
    publish: readonly string[],
    subscribe: readonly string[],
    responseLimit: ResponseLimit | undefined,
  ) {
    this.publish = publish.length > 0 ? publish : NOWHERE;
    this.subscribe = subscribe;
    this.#responseLimit = responseLimit;
    if (!responseLimit) return;
    const { max, expires } = responseLimit;
    const isOnce = max === ONCE.max && expires === ONCE.expires;
    Object.assign(this, { allowResponses: isOnce || { max, expires } });
  }

  get config(): string {
    const { allowResponses } = this;
    const lines = [
      `publish: ${"deny" in this.publish ? `{ deny: ">" }` : listed(this.publish)}`,
      `subscribe: ${listed(this.subscribe)}`,
    ];
    if (allowResponses === true) lines.push("allow_responses: true");
    else if (allowResponses) {
      const { max, expires } = allowResponses;
      lines.push(`allow_responses: { max: ${max}, expires: "${expires}ms" }`);
    }
    return `permissions {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
  }

  get claims(): PermissionClaims {
    const responseLimit = this.#responseLimit;
    return {
      pub: "deny" in this.publish ? this.publish : { allow: this.publish },
      sub: { allow: this.subscribe },
      ...responseLimit &&
        { resp: { max: responseLimit.max, ttl: Math.round(responseLimit.expires * NANOSECONDS) } },
    };
  }

  toString(): string {
    return this.config;
  }
}

function listed(subjects: readonly string[]): string {
  const quoted = subjects.map((subject) => JSON.stringify(subject));
  const line = `[${quoted.join(", ")}]`;
  return line.length <= WIDTH ? line : `[\n    ${quoted.join(",\n    ")}\n  ]`;
}

/**
 * What a program uses besides its broker's subscribers and publishers: subjects, wildcards, or patterns such as
 * `"orders.{id}"`.
 */
export interface PermissionsOptions {
  /**
   * Where the program sends to with `publish()`, `request()` and every other method that takes a subject.
   *
   * @default {[]}
   */
  readonly publish?: readonly string[];
  /**
   * The inboxes of the services on which the program opens sessions and streams, as in `["_DESK.>"]`; the inboxes of
   * its own callers belong in the broker's `answersTo`.
   *
   * @default {[]}
   */
  readonly sessions?: readonly string[];
  /**
   * What else the program subscribes to, each with or without a queue group: `"rooms.*"`, `"jobs workers"`.
   *
   * @default {[]}
   */
  readonly subscribe?: readonly string[];
}

/** The options, with each pattern as a wildcard for the server. */
export interface PermissionsSettings {
  readonly publish: readonly string[];
  readonly sessions: readonly string[];
  readonly subscribe: readonly Wanted[];
}

const ACTION = "tell the permissions";

/**
 * Checks the options and reads their patterns.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for an invalid subject
 */
export function permissionsSettings(options: PermissionsOptions): PermissionsSettings {
  checkOptions(ACTION, options, { publish: subjects, sessions: subjects, subscribe: subjects });
  const { publish = [], sessions = [], subscribe = [] } = options;
  return {
    publish: publish.map(subjectOf),
    sessions: sessions.map(subjectOf),
    subscribe: subscribe.map(wantedOf),
  };
}

function subjectOf(text: string): string {
  return new Pattern(text, ACTION).subject;
}

function wantedOf(entry: string): Wanted {
  const [text = "", ...rest] = entry.split(" ");
  const [queue] = rest;
  if (rest.length > 1 || (queue !== undefined && !isToken(queue))) {
    const rule = `an entry of "subscribe" must be a subject, or a subject and a queue group`;
    throw new TypeError(`Cannot ${ACTION} as ${rule}: ${JSON.stringify(entry)}`);
  }
  return { subject: subjectOf(text), queue };
}
