import {
  type BrokerOptions,
  NatsBroker,
  type PermissionClaims,
  PermissionError,
  type Permissions,
  type PermissionsOptions,
} from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Cast,
  deskBeside,
  deskOf,
  discoveryOf,
  type Features,
  featuresOf,
  friendOf,
  play,
  shopBeside,
  shopOf,
  strangerOf,
} from "../support/application.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Operator } from "../support/operator.ts";
import { meanwhile, within } from "../support/within.ts";

interface Account {
  readonly user: string;
  /** As nats-server's configuration has them; all if there are none. */
  readonly config?: string;
}

function configOf(accounts: readonly Account[]): string {
  const users = accounts.map(({ user, config }) =>
    `{ ${[`user: ${user}, password: secret`, ...config ? [config] : []].join(", ")} }`
  );
  return `authorization: { users: [\n${users.join("\n")}\n] }`;
}

const as = (user: string): BrokerOptions => ({ auth: { user, password: "secret" } });
const UNREACHED = "nats://127.0.0.1:1";

/** How often the two may answer, where that is limited. */
interface Limits {
  readonly shop?: NonNullable<BrokerOptions["allowResponses"]>;
  readonly desk?: NonNullable<BrokerOptions["allowResponses"]>;
}

/** Links between two limited sides are not possible, and a broker is on both sides of those to itself. */
const TO_ITSELF = ["it streams to itself", "it serves a session for itself"];
/** One message is no stream. */
const PLAIN = "it streams to one who does not know of links";

function limited(allowResponses: Limits["shop"]): BrokerOptions {
  return allowResponses === undefined ? {} : { allowResponses };
}

/** Whoever is limited sends to nothing but reply addresses, once it has asked. */
function needed(
  { publish = [], ...beside }: PermissionsOptions,
  limit: Limits["shop"],
): PermissionsOptions {
  return limit === undefined ? { publish, ...beside } : { publish };
}

/** What each of the two is to be permitted, told before there is a server. */
function least({ shop, desk }: Limits): { shop: Permissions; desk: Permissions } {
  const broker = shopOf(UNREACHED, limited(shop));
  featuresOf(broker);
  const { publish = [], ...beside } = shopBeside;
  const others = publish.filter((subject) => !/^(ticks|talk)/.test(subject));
  const all = { publish: shop === undefined ? publish : others, ...beside };
  return {
    shop: broker.permissions(needed(all, shop)),
    desk: deskOf(UNREACHED, limited(desk)).permissions(needed(deskBeside, desk)),
  };
}

type Part = "shop" | "desk";

type Credentials = Readonly<Record<Part | "admin", BrokerOptions>>;

interface Scene {
  readonly cast: Cast;
  readonly features: Features;
}

/** Milliseconds that anything may take where all must work, also on a busy machine. */
const PATIENT = 10_000;
/** Milliseconds that it may take where something must fail, if not at once. */
const HASTY = 1_000;

/** Both users and the stranger on one server, and all that is done. */
function sceneOf(
  url: string,
  limits: Limits,
  given: Partial<Credentials> = {},
  patience = PATIENT,
): Scene {
  const credentials = { shop: as("shop"), desk: as("desk"), admin: as("admin"), ...given };
  const timed = (options: BrokerOptions) => ({ ...options, requestTimeout: patience });
  const shop = shopOf(url, { ...timed(credentials.shop), ...limited(limits.shop) });
  const features = { ...featuresOf(shop, patience), ...discoveryOf("desk") };
  const possible = Object.entries(features).filter(([name]) =>
    limits.shop === undefined ||
    !(TO_ITSELF.includes(name) || limits.shop === true && name === PLAIN)
  );
  const cast = {
    shop,
    desk: deskOf(url, { ...timed(credentials.desk), ...limited(limits.desk) }),
    friend: friendOf(url, timed(credentials.admin)),
    stranger: strangerOf(url, timed(credentials.admin)),
  };
  return { cast, features: Object.fromEntries(possible) };
}

async function played({ cast, features }: Scene): Promise<void> {
  // what has failed leaves something at work
  let timeout = 500;
  try {
    await play(cast, features);
    timeout = 10_000;
  } finally {
    await Promise.all(Object.values(cast).map((broker) => broker.stop({ timeout })));
  }
}

function violations(log: string): string[] {
  return log.split("\n").filter((line) => /\bViolation\b/i.test(line));
}

const VARIANTS: Readonly<Record<string, Limits>> = {
  "free brokers": {},
  "a free broker and a limited one": { desk: { max: 16 } },
  "a free broker and one that answers once": { desk: true },
  "a limited broker and a free one": { shop: { max: 16 } },
  "a broker that answers once and a free one": { shop: true },
};

for (const [variant, limits] of Object.entries(VARIANTS)) {
  Deno.test(`NatsBroker.permissions() is enough for an application of ${variant}`, async () => {
    const { shop, desk } = least(limits);
    const accounts = [
      { user: "shop", config: shop.config },
      { user: "desk", config: desk.config },
      { user: "admin" },
    ];
    await using server = await NatsServer.start({ config: configOf(accounts) });
    await played(sceneOf(server.url, limits));
    assertEquals(violations(await server.log()), [], "nothing was forbidden");
  });
}

Deno.test("NatsBroker.permissions() is what the embedded server takes as a user's permissions", async () => {
  const limits: Limits = { desk: { max: 16 } };
  const permissions = least(limits);
  const users = [
    { user: "shop", password: "secret", permissions: permissions.shop },
    { user: "desk", password: "secret", permissions: permissions.desk },
    { user: "admin", password: "secret" },
  ];
  await using server = await EmbeddedServer.start({ users });
  const scene = sceneOf(server.url, limits);
  const errors: Error[] = [];
  const read = Object.values(scene.cast).map(async (broker: NatsBroker) => {
    for await (const event of broker.events()) if (event.type === "error") errors.push(event.error);
  });
  await played(scene);
  await Promise.all(read);
  assertEquals(errors, []);
});

for (const variant of ["free brokers", "a free broker and a limited one"]) {
  Deno.test(`Permissions.claims are enough in the JWTs of ${variant}`, async () => {
    const limits = VARIANTS[variant]!;
    const { shop, desk } = least(limits);
    const operator = new Operator();
    await using server = await NatsServer.start({ config: operator.config });
    const user = (permissions?: PermissionClaims): BrokerOptions => ({
      auth: { creds: operator.user(permissions && { permissions }).creds },
    });
    const credentials = { shop: user(shop.claims), desk: user(desk.claims), admin: user() };
    await played(sceneOf(server.url, limits, credentials));
    assertEquals(violations(await server.log()), [], "nothing was forbidden");
    await assertForbids(new NatsBroker(server.url, { ...credentials.shop, logger: false }));
  });
}

Deno.test("Permissions of a broker that publishes nowhere are none on the embedded server, either", async () => {
  const permissions = new NatsBroker(UNREACHED, { inboxPrefix: "_SHOP" }).permissions();
  const users = [{ user: "shop", password: "secret", permissions }];
  await using server = await EmbeddedServer.start({ users });
  await assertForbids(new NatsBroker(server.url, { ...as("shop"), logger: false }));
});

Deno.test("Permissions.claims and config forbid all publishing where none is needed", async () => {
  const permissions = new NatsBroker(UNREACHED, { inboxPrefix: "_SHOP" }).permissions();
  const accounts = configOf([{ user: "shop", config: permissions.config }]);
  await using server = await NatsServer.start({ config: accounts });
  await assertForbids(new NatsBroker(server.url, { ...as("shop"), logger: false }));
  const operator = new Operator();
  await using other = await NatsServer.start({ config: operator.config });
  const { creds } = operator.user({ permissions: permissions.claims });
  await assertForbids(new NatsBroker(other.url, { auth: { creds }, logger: false }));
});

/** Fails unless the server refuses to publish elsewhere, and to subscribe to everything. */
async function assertForbids(broker: NatsBroker): Promise<void> {
  await using _ = broker;
  await broker.connect();
  const refused = Promise.withResolvers<Error>();
  void meanwhile(async () => {
    for await (const event of broker.events()) {
      if (event.type === "error") refused.resolve(event.error);
    }
  });
  await broker.publish("elsewhere", "?");
  const error = await within("it must be refused", refused.promise);
  assert(error instanceof PermissionError && error.operation === "publish", `${error}`);
  for (const subject of [">", "*", "_DESK.>", "orders.*"]) {
    await assertRejects(() => broker.subscriber(subject).start(), PermissionError);
  }
}

interface Lacking {
  readonly user: string;
  readonly missing: string;
  readonly config: string;
}

/** A list without any entry would permit everything. */
const NOTHING = "nothing.at.all";

/** Where the user may publish. */
function listOf({ publish }: Permissions): readonly string[] {
  return "deny" in publish ? [] : publish;
}

/** A user for each entry, who may do all but that. */
function without(permissions: Permissions): Lacking[] {
  const { subscribe, config } = permissions;
  const publish = listOf(permissions);
  const answers = config.match(/allow_responses.*/)?.[0] ?? "";
  const block = (publish: readonly string[], subscribe: readonly string[], answers: string) =>
    `permissions { publish: ${JSON.stringify(publish)}, subscribe: ${
      JSON.stringify(subscribe)
    }, ${answers} }`;
  const rest = (list: readonly string[], entry: string) => [
    NOTHING,
    ...list.filter((one) => one !== entry),
  ];
  const lacking: [string, string][] = [
    ...publish.map((entry): [string, string] => [
      `to publish to ${entry}`,
      block(rest(publish, entry), subscribe, answers),
    ]),
    ...subscribe.map((entry): [string, string] => [
      `to subscribe to ${entry}`,
      block(publish, rest(subscribe, entry), answers),
    ]),
  ];
  if (answers) lacking.push(["to answer", block(publish, subscribe, "")]);
  return lacking.map(([missing, config], at) => ({ user: `user_${at}`, missing, config }));
}

const LEAST: readonly [Part, string][] = [
  ["shop", "free brokers"],
  ["shop", "a limited broker and a free one"],
  ["desk", "free brokers"],
  ["desk", "a free broker and a limited one"],
];

for (const [part, variant] of LEAST) {
  Deno.test(`NatsBroker.permissions() is no more than the ${part} needs of ${variant}`, async () => {
    const limits = VARIANTS[variant]!;
    const all = least(limits);
    const lacking = without(all[part]);
    assert(lacking.length >= listOf(all[part]).length + all[part].subscribe.length);
    const whole = [
      { user: "shop", config: all.shop.config },
      { user: "desk", config: all.desk.config },
      { user: "admin" },
    ];
    await using server = await NatsServer.start({ config: configOf([...whole, ...lacking]) });
    await played(sceneOf(server.url, limits));
    const unneeded = [];
    for (const { user, missing } of lacking) {
      const failed = await played(sceneOf(server.url, limits, { [part]: as(user) }, HASTY))
        .then(() => false, () => true);
      if (!failed) unneeded.push(missing);
    }
    assertEquals(unneeded, [], "the application runs without");
  });
}
