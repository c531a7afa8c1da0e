import { type BrokerOptions, NatsBroker, reply, ReplyError } from "@signalbox/nats";
import { connect, headers, type NatsConnection } from "@nats-io/transport-deno";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert } from "@std/assert";
import type { User } from "../support/backends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { recommended, recommendedUsers } from "../support/recommended_users.ts";
import { meanwhile } from "../support/within.ts";

/** What a service may do, as its server has it, and what its broker is told. */
export interface Setting {
  readonly name: string;
  readonly options: BrokerOptions;
  /** What the service's broker prints; without, the guide's configuration, word for word. */
  readonly isPrinted?: true;
}

/** A service, a user that may ask it, and one that may do and hears everything. */
export interface Stage {
  readonly url: string;
  readonly desk: NatsBroker;
  readonly shop: NatsConnection;
  readonly admin: NatsConnection;
  /** Where something was sent to, by whoever it was. */
  readonly heard: Set<string>;
  /** What the service's own program was given on subjects that are not for the shop. */
  readonly taken: string[];
  /** What the service's broker told of. */
  readonly errors: Error[];
  readonly hasStreams: boolean;
}

const password = "secret";
const ADMIN: User = { user: "admin", password };
const NAME = { name: "desk", version: "1.0.0" };
const UNREACHED = "nats://127.0.0.1:1";

/** Everything that the shop may ask, and that answers, most of it with the shop's own words. */
export const ASKED = [
  "orders.echo",
  "orders.talkback",
  "orders.stream",
  "orders.fails",
  "orders.breaks",
  "orders.typed",
  "orders.filtered",
  "orders.session",
];

/** Who looks for services asks here. */
export const DISCOVERED = ["PING", "INFO", "STATS"].flatMap((verb) => [
  `$SRV.${verb}`,
  `$SRV.${verb}.desk`,
]);

function deskOf(url: string, taken: string[], { options, isPrinted }: Setting): NatsBroker {
  const desk = new NatsBroker(url, {
    auth: { user: "desk", password },
    inboxPrefix: "_DESK",
    logger: false,
    ...isPrinted && { service: NAME },
    ...options,
  });
  desk.subscriber("orders.echo", ({ body }) => body);
  desk.subscriber("orders.talkback", ({ body, replyTo }) => reply(body, { replyTo: replyTo! }));
  desk.subscriber("orders.stream", async function* ({ body }) {
    yield body;
    yield body;
  });
  desk.subscriber("orders.fails", ({ body }) => {
    throw new ReplyError(409, String(body));
  });
  desk.subscriber("orders.breaks", () => {
    throw new Error("a secret");
  });
  const schema = { "~standard": { version: 1, vendor: "none", validate } } as const;
  desk.subscriber("orders.typed", { schema }, ({ body }) => body);
  desk.subscriber("orders.filtered", { filter: () => false }, ({ body }) => body);
  desk.session("orders.session", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  // which the guide's configuration does not let the desk hear
  const wide = isPrinted ? ["{tenant}.orders.wipe"] : [];
  for (const own of ["orders.delete", "orders.deep.>", ...wide]) {
    desk.subscriber(own, { noReply: true }, ({ subject }) => void taken.push(subject));
  }
  const read = desk.subscriber("orders.read");
  const reader = async () => {
    for await (const { subject } of read) taken.push(subject);
  };
  void meanwhile(() => desk.connect().then(() => read.start()).then(reader));
  return desk;
}

function validate(value: unknown) {
  return { issues: [{ message: `no ${value}` }] };
}

/** Runs a behaviour on one kind of server. */
export async function withDesk(
  setting: Setting,
  kind: "nats-server" | "embedded",
  behaviour: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { shop, desk } = await recommendedUsers();
  const printed = deskOf(UNREACHED, [], setting).permissions();
  if (kind === "embedded") {
    const deskUser = setting.isPrinted ? { ...desk, permissions: printed } : desk;
    const users = [setting.isPrinted ? discovering(shop) : shop, deskUser, ADMIN];
    await using server = await EmbeddedServer.start({ users });
    return await playOn(server.url, setting, false, behaviour);
  }
  const admin = `{ user: admin, password: ${password} }`;
  const text = setting.isPrinted
    ? `authorization: { users: [
        ${lineOf(discovering(shop))}
        { user: desk, password: ${password}, ${printed.config} } ] }`
    : await recommended();
  const config = `jetstream: { store_dir: "streams" }\n${text.replace("users: [", `$& ${admin}`)}`;
  await using server = await NatsServer.start({ config });
  await playOn(server.url, setting, true, behaviour);
}

function discovering({ user, password, permissions }: User): User {
  const publish = permissions!.publish as readonly string[];
  return { user, password, permissions: { ...permissions, publish: [...publish, "$SRV.>"] } };
}

function lineOf({ user, password, permissions }: User): string {
  const { publish, subscribe } = permissions!;
  return `{ user: ${user}, password: ${password}, permissions: {
    publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} } }`;
}

async function playOn(
  url: string,
  setting: Setting,
  hasStreams: boolean,
  behaviour: (stage: Stage) => Promise<void>,
): Promise<void> {
  const as = (user: string) =>
    connect({ servers: url, user, pass: password, inboxPrefix: "_SHOP" });
  const [admin, shop] = await Promise.all([as("admin"), as("shop")]);
  const [taken, heard, errors]: [string[], Set<string>, Error[]] = [[], new Set(), []];
  const desk = deskOf(url, taken, setting);
  try {
    void meanwhile(async () => {
      for await (const event of desk.events()) if (event.type === "error") errors.push(event.error);
    });
    await desk.start();
    admin.subscribe(">", { callback: (_, { subject }) => void heard.add(subject) });
    await admin.flush();
    await behaviour({ url, desk, shop, admin, heard, taken, errors, hasStreams });
  } finally {
    await Promise.all([admin.close(), shop.close(), desk.stop({ timeout: 500 })]);
  }
}

/** The shop asks everything there is with this reply address, plainly and as an opening, and with a long id. */
export async function attack({ shop, desk, admin }: Stage, reply: string, asked = ASKED) {
  for (const subject of asked) {
    const long = headers();
    long.set("correlation_id", "x".repeat(60_000));
    const [stream, session] = ["stream", "session"].map((kind) => {
      const opening = headers();
      opening.set("Signalbox-Link", `1 ${kind} 64 1048576 10000 0`);
      return opening;
    });
    for (const each of [undefined, long, stream, session]) {
      shop.publish(subject, "FORGED", { reply, ...each && { headers: each } });
    }
  }
  // what the desk makes of it has been sent, and has been heard
  await shop.flush();
  for (let turn = 0; turn < 3; turn++) {
    await desk.ping();
    await admin.flush();
  }
}

/** Fails unless something answers at an address that may be answered: the attack works. */
export async function assertAnswered(stage: Stage, asked = ASKED): Promise<void> {
  const address = "_SHOP.fair.o1";
  await attack(stage, address, asked);
  const shown = stage.errors.map(String).join("\n");
  assert(
    [...stage.heard].some((subject) => subject.startsWith("_SHOP.fair")),
    `it is answered: ${shown}`,
  );
}
