import { type BrokerOptions, type NatsBroker, PermissionError } from "@signalbox/nats";
import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { assertEquals } from "@std/assert";
import {
  type Backend,
  onEmbeddedServer,
  onNatsServer,
  type ServerNeeds,
  type User,
} from "./backends.ts";

/** Which of the two users of a stage. */
export type Part = "service" | "client";

/** A kind of server, and what it lets the two users of a stage do. */
export interface Profile {
  /** What a test's name ends with. */
  readonly tag: string;
  readonly embedded?: true;
  /** How often the service may answer a message; without it both users may do everything. */
  readonly allowResponses?: true | { readonly max: number };
}

/** What one behaviour is run on. */
export const profiles: readonly Profile[] = [
  { tag: "nats-server" },
  { tag: "embedded", embedded: true },
  { tag: "allow_responses: true", allowResponses: true },
  { tag: "allow_responses: max 16", allowResponses: { max: 16 } },
  { tag: "embedded, allow_responses: true", embedded: true, allowResponses: true },
];

/** A running server, and the brokers of the two users that share it; all of them stop with it. */
export interface Stage {
  readonly url: string;
  /** A broker that serves subjects under `svc.`. */
  service(options?: BrokerOptions): NatsBroker;
  /** A broker that asks there. */
  client(options?: BrokerOptions): NatsBroker;
  /** A client of the bare library, as one of the two users. */
  plain(part: Part): Promise<NatsConnection>;
  /** How many subscriptions clients have, asked of the server itself. */
  subscriptions(): Promise<number>;
}

/**
 * One behaviour, one test on each profile: each kind of server, with everything permitted and with no more than a
 * service and its clients need. A test fails if the server had to forbid anything.
 */
export function onEveryProfile(
  name: string,
  behaviour: (stage: Stage) => Promise<void>,
  needs: Pick<ServerNeeds, "maxPayload"> = {},
): void {
  for (const profile of profiles) {
    Deno.test(`${name} [${profile.tag}]`, () => onProfile(profile, behaviour, needs));
  }
}

/** Runs a behaviour on one profile, and sees that the server had nothing to forbid. */
export async function onProfile(
  profile: Profile,
  behaviour: (stage: Stage) => Promise<void>,
  needs: Pick<ServerNeeds, "maxPayload"> = {},
): Promise<void> {
  const { embedded, allowResponses } = profile;
  const all = allowResponses ? { ...needs, users: Object.values(usersOf(allowResponses)) } : needs;
  const play = async (backend: Backend, violations?: () => Promise<readonly string[]>) => {
    await using stage = new TwoUsers(backend, allowResponses);
    await behaviour(stage);
    // a word that is said at the very end must be permitted too
    await stage.stop();
    const found = violations ? await violations() : stage.violations;
    assertEquals(found, [], "nothing may be done that the server does not permit");
  };
  if (embedded) return await onEmbeddedServer(play, all);
  await onNatsServer(
    (backend, server) => play(backend, async () => logged(await server.log())),
    all,
  );
}

function logged(log: string): readonly string[] {
  return log.split("\n").filter((line) => /\bViolation\b/i.test(line));
}

/** The least that both need: the client asks and is answered, the service answers. */
function usersOf(allowResponses: true | { readonly max: number }): Readonly<Record<Part, User>> {
  return {
    service: {
      user: "service",
      password: "secret",
      permissions: { subscribe: ["svc.>", "_SVC.>"], allowResponses },
    },
    client: {
      user: "client",
      password: "secret",
      permissions: { publish: ["svc.>", "_SVC.>"], subscribe: ["_CLIENT.>"] },
    },
  };
}

class TwoUsers implements Stage, AsyncDisposable {
  /** What the brokers were told that they may not do. */
  readonly violations: string[] = [];
  readonly #backend: Backend;
  readonly #allowResponses: Profile["allowResponses"];
  readonly #stops: (() => Promise<unknown>)[] = [];

  constructor(backend: Backend, allowResponses: Profile["allowResponses"]) {
    this.#backend = backend;
    this.#allowResponses = allowResponses;
  }

  get url(): string {
    return this.#backend.url;
  }

  service(options: BrokerOptions = {}): NatsBroker {
    const allowResponses = this.#allowResponses;
    const restricted = allowResponses && { allowResponses, as: usersOf(allowResponses).service };
    return this.#watched({ inboxPrefix: "_SVC", ...restricted, ...options });
  }

  client(options: BrokerOptions = {}): NatsBroker {
    const restricted = this.#allowResponses && { as: usersOf(this.#allowResponses).client };
    return this.#watched({ inboxPrefix: "_CLIENT", ...restricted, ...options });
  }

  async plain(part: Part): Promise<NatsConnection> {
    const user = this.#allowResponses && usersOf(this.#allowResponses)[part];
    const credentials = user && { user: user.user, pass: user.password };
    const inboxPrefix = part === "service" ? "_SVC" : "_CLIENT";
    const client = await connect({ servers: this.url, inboxPrefix, ...credentials });
    this.#stops.push(() => client.close());
    return client;
  }

  subscriptions(): Promise<number> {
    return this.#backend.subscriptions();
  }

  /** Stops everyone; nothing is left to be said then. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #watched(options: BrokerOptions & { readonly as?: User }): NatsBroker {
    const broker = this.#backend.broker(options);
    const events = broker.events();
    const watched = (async () => {
      for await (const event of events) {
        const error = event.type === "error" ? event.error : undefined;
        if (error instanceof PermissionError) this.violations.push(error.message);
      }
    })();
    this.#stops.push(async () => {
      // what a test has left open is not worth a wait
      await broker.stop({ timeout: 250 });
      await events.return?.();
      await watched;
    });
    return broker;
  }
}
