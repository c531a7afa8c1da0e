import { fastLineTest } from "./plain_mode.ts";
import { type BrokerOptions, type Duration, NatsBroker } from "@signalbox/nats";
import { EmbeddedServer, type EmbeddedServerOptions } from "@signalbox/nats/testing";
import { NatsServer } from "./nats_server/nats_server.ts";

/** Milliseconds that a client may take to say who it is: by default two seconds, which a busy machine may let pass. */
const AUTH_TIMEOUT = 20_000;

/** A user of a server under test, in the words that both kinds of server understand. */
export type User = NonNullable<EmbeddedServerOptions["users"]>[number];

/** What a test may ask of its server. */
export interface ServerNeeds {
  readonly users?: readonly User[];
  readonly maxPayload?: number;
  /** How many subscriptions a connection may have. */
  readonly maxSubscriptions?: number;
  /** It keeps streams, of so many bytes in all where that is said. */
  readonly jetstream?: true | { readonly maxMemory: number };
  /** The version that it needs, such as `"2.12"`: an older one must be told so by an error with this version. */
  readonly since?: string;
  /** Why the plain line cannot do it, where it cannot. */
  readonly fastLine?: string;
  /** It must go on while the program is busy, which a server in the same process cannot. */
  readonly ownProcess?: true;
}

/** A running server under test. */
export interface Backend extends AsyncDisposable {
  readonly url: string;
  /** Makes a broker for this server; it is stopped with the server. */
  broker(options?: BrokerOptions & { as?: User }): NatsBroker;
  /** How many subscriptions clients have, asked of the server itself. */
  subscriptions(): Promise<number>;
}

/** One behaviour, one test on each kind of server. */
export function onEveryServer(
  name: string,
  behaviour: (backend: Backend) => Promise<void>,
  needs: ServerNeeds = {},
): void {
  const { fastLine, ownProcess } = needs;
  const test = (title: string, run: () => Promise<void>) =>
    fastLine === undefined ? Deno.test(title, run) : fastLineTest(title, fastLine, run);
  test(`${name} [nats-server]`, () => onNatsServer(behaviour, needs));
  if (!ownProcess) test(`${name} [embedded]`, () => onEmbeddedServer(behaviour, needs));
}

/** One behaviour of a door of JetStream, one test on each kind of server; each server keeps streams. */
export function onEveryJetStream(
  name: string,
  behaviour: (backend: Backend) => Promise<void>,
  needs: ServerNeeds = {},
): void {
  onEveryServer(name, behaviour, { jetstream: true, ...needs });
}

/** Runs a behaviour on a real server of its own. */
export async function onNatsServer(
  behaviour: (backend: Backend, server: NatsServer) => Promise<void>,
  needs: ServerNeeds,
): Promise<void> {
  await using server = await NatsServer.start({ config: configured(needs) });
  const subscriptions = async () => (await server.monitor("/varz")).subscriptions;
  const idle = await subscriptions();
  await using brokers = new Brokers(server.url, async () => await subscriptions() - idle);
  const running = behaviour(brokers, server);
  const { since } = needs;
  if (since === undefined || isSince(server.version, since)) return await running;
  const error = await running.then(() => undefined, (error) => error);
  if (error?.needs === undefined) throw error ?? new Error(`${server.version} must not be enough`);
}

/** Whether a version, such as `2.10.27`, is this one or a later one. */
export function isSince(version: string, wanted: string): boolean {
  const [one, other] = [version, wanted].map((each) => each.split(".").map(Number));
  return one![0]! > other![0]! || (one![0] === other![0] && one![1]! >= other![1]!);
}

/** Runs a behaviour on an embedded server of its own. */
export async function onEmbeddedServer(
  behaviour: (backend: Backend) => Promise<void>,
  { ownProcess: _, fastLine: __, since: ___, jetstream, ...options }: ServerNeeds,
): Promise<void> {
  await using server = await EmbeddedServer.start({
    ...options,
    jetstream: jetstream ?? false,
    authTimeout: AUTH_TIMEOUT,
  });
  const subscriptions = () => Promise.resolve(server.stats().subscriptions);
  await using brokers = new Brokers(server.url, subscriptions);
  await behaviour(brokers);
}

class Brokers implements Backend {
  readonly url: string;
  readonly subscriptions: () => Promise<number>;
  readonly #made: NatsBroker[] = [];

  constructor(url: string, subscriptions: () => Promise<number>) {
    this.url = url;
    this.subscriptions = subscriptions;
  }

  broker({ as, ...options }: BrokerOptions & { as?: User } = {}): NatsBroker {
    const auth = as && { user: as.user, password: as.password };
    const broker = new NatsBroker(this.url, { logger: false, ...auth && { auth }, ...options });
    this.#made.push(broker);
    return broker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#made.map((broker) => broker.stop({ timeout: 2_000 })));
  }
}

function configured({ users, maxPayload, maxSubscriptions, jetstream }: ServerNeeds): string {
  const lines = maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`];
  if (maxSubscriptions) lines.push(`max_subscriptions: ${maxSubscriptions}`);
  if (jetstream) lines.push(storage(jetstream));
  if (users) {
    const all = users.map(userLine).join(", ");
    lines.push(`authorization: { timeout: ${AUTH_TIMEOUT / 1_000}, users: [ ${all} ] }`);
  }
  return lines.join("\n");
}

function storage(jetstream: true | { readonly maxMemory: number }): string {
  if (jetstream === true) return 'jetstream: { store_dir: "streams" }';
  const { maxMemory } = jetstream;
  const limits = `max_memory_store: ${maxMemory}, max_file_store: ${maxMemory}`;
  return `jetstream: { store_dir: "streams", ${limits} }`;
}

function userLine({ user, password, permissions }: User): string {
  const parts = [`user: "${user}"`, `password: "${password}"`];
  const { publish, subscribe, allowResponses } = permissions ?? {};
  const granted = [];
  if (publish) granted.push(`publish: ${JSON.stringify(publish)}`);
  if (subscribe) granted.push(`subscribe: ${JSON.stringify(subscribe)}`);
  if (allowResponses) granted.push(`allow_responses: ${responses(allowResponses)}`);
  if (granted.length > 0) parts.push(`permissions: { ${granted.join(", ")} }`);
  return `{ ${parts.join(", ")} }`;
}

function responses(allowed: true | { readonly max?: number; readonly expires?: Duration }): string {
  if (allowed === true) return "true";
  const { max = 1, expires = 120_000 } = allowed;
  // nats-server reads our texts up to "h" as they are
  const time = typeof expires === "number" ? `${expires}ms` : expires;
  return `{ max: ${max}, expires: "${time}" }`;
}
