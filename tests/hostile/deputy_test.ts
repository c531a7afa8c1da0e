import { NatsBroker, ReplyAddressError } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { until } from "../support/nats_server/until.ts";
import { meanwhile, within } from "../support/within.ts";
import {
  ASKED,
  assertAnswered,
  attack,
  DISCOVERED,
  type Setting,
  type Stage,
  withDesk,
} from "./deputy.ts";

/** The client itself waits for a second, which is little on a busy machine. */
const SOON = { timeout: 10_000 };

/** A server does not check a reply address against what its sender may publish to: a service must. */
const SETTINGS: readonly Setting[] = [
  { name: "in the guide's configuration", options: { answersTo: ["_SHOP.>"] } },
  { name: "with what permissions() prints", options: { answersTo: ["_SHOP.>"] }, isPrinted: true },
  {
    name: "with allow_responses and answersTo",
    isPrinted: true,
    options: {
      allowResponses: { max: 1_000 },
      answersTo: ["_SHOP.>"],
    },
  },
  {
    name: "with allow_responses alone",
    isPrinted: true,
    options: { allowResponses: { max: 1_000 } },
  },
];

/** Where nobody may have an answer sent to, whatever the options say. */
const NEVER = [
  "$JS.API.STREAM.DELETE.LEDGER",
  "$SYS.REQ.SERVER.PING",
  "$SRV.PING",
  "$SRV.STATS.desk",
  "$KV.rates.eur",
  "$G.anything",
  "orders.delete",
  "orders.read",
  "orders.deep.a.b",
  "acme.orders.wipe",
  "_ACME.orders.wipe",
];
/** Where `answersTo` does not let them go. */
const ELSEWHERE = ["billing.charge", "_MALL.inbox", "_SHOP", "_SHOPS.a", "_DESK.a", "_INBOX.a"];

function onEveryDesk(
  sentence: string,
  behaviour: (stage: Stage, setting: Setting) => Promise<void>,
  settings = SETTINGS,
): void {
  for (const setting of settings) {
    for (const kind of ["nats-server", "embedded"] as const) {
      Deno.test(`${sentence} ${setting.name} [${kind}]`, () =>
        withDesk(setting, kind, (stage) => behaviour(stage, setting)));
    }
  }
}

function asked({ isPrinted }: Setting): string[] {
  return isPrinted ? [...ASKED, ...DISCOVERED] : ASKED;
}

/** That the server had nothing to refuse: what must not be sent is not tried. */
function assertUntried(errors: readonly Error[]): void {
  const others = errors.filter((error) => !(error instanceof ReplyAddressError));
  assertEquals(others.filter(({ message }) => !/"orders.breaks"|a secret/.test(message)), []);
}

onEveryDesk(
  "NatsBroker answers nobody at what is the server's, or its own,",
  async (stage, setting) => {
    const { heard, taken, errors, admin, hasStreams } = stage;
    await assertAnswered(stage, asked(setting));
    if (hasStreams) {
      const made = await admin.request(
        "$JS.API.STREAM.CREATE.LEDGER",
        `{"name":"LEDGER","subjects":["ledger"]}`,
        SOON,
      );
      assertEquals(made.json<{ error?: unknown }>().error, undefined);
    }
    const places = setting.options.answersTo ? [...NEVER, ...ELSEWHERE] : NEVER;
    for (const address of places) {
      heard.clear();
      await attack(stage, address, asked(setting));
      const answered = [...heard].filter((subject) => subject === address);
      // the shop asks these itself
      assertEquals(answered.filter((subject) => !asked(setting).includes(subject)), [], address);
    }
    assertEquals(taken, []);
    if (hasStreams) {
      const left = await admin.request("$JS.API.STREAM.INFO.LEDGER", "", SOON);
      assertEquals(left.json<{ error?: unknown }>().error, undefined, "the stream is there");
    }
    assert(errors.some((error) => error instanceof ReplyAddressError), "it is told");
    assertUntried(errors);
  },
);

onEveryDesk("NatsBroker answers nobody at inboxes of its own", async (stage, setting) => {
  const { url, desk, shop, admin, taken, errors } = stage;
  // the desk's user may publish to the shop: that is where its open request goes
  const { promise: question, resolve: came } = Promise.withResolvers<string>();
  shop.subscribe("_SHOP.service", { callback: (_, { reply }) => came(reply!) });
  await shop.flush();
  const isLimited = setting.options.allowResponses !== undefined;
  const answer = isLimited
    ? undefined
    : meanwhile(() => desk.request("_SHOP.service", null, { timeout: 20_000 }));
  await using inbox = await desk.openInbox();
  await using guest = new NatsBroker(url, {
    auth: { user: "shop", password: "secret" },
    inboxPrefix: "_SHOP",
    logger: false,
  });
  const ends = Promise.withResolvers<string>();
  admin.subscribe("_SHOP.*.o1", {
    callback: (_, { reply }) => {
      if (reply?.startsWith("_DESK.")) ends.resolve(reply);
    },
  });
  await admin.flush();
  await guest.connect();
  await using session = await guest.openSession("orders.session");
  const deskEnd = await within("the session must be accepted", ends.promise);
  const places = [inbox.subject, `${inbox.subject}.x`, deskEnd, deskEnd.replace(/o1$/, "1t")];
  if (answer) places.push(await within("the desk must ask", question));
  for (const address of places) await attack(stage, address, asked(setting));

  await session.send("true");
  assertEquals((await session.next({ timeout: 10_000 }))?.body, "true");
  assertEquals(session.state, "open");
  if (answer) {
    admin.publish(await question, `"true"`);
    assertEquals((await answer).body, "true");
  }
  await admin.flush();
  await desk.ping();
  admin.publish(inbox.subject, `"true"`);
  await admin.flush();
  assertEquals((await inbox.next({ timeout: 10_000 }))?.body, "true");
  assertEquals(taken, []);
  assertUntried(errors);
  await session.end();
});

onEveryDesk("NatsBroker sends no correlation id of 60 kB to anybody", async (stage, setting) => {
  const { admin } = stage;
  let largest = 0;
  admin.subscribe("_SHOP.>", {
    callback: (_, { headers }) => {
      largest = Math.max(largest, headers?.get("correlation_id").length ?? 0);
    },
  });
  await admin.flush();
  await assertAnswered(stage, asked(setting));
  assert(largest > 0 && largest <= 256, `${largest}`);
});

onEveryDesk(
  "NatsBroker.request() takes no answer that a service gave to another question",
  async (stage) => {
    const { url, shop, admin, heard } = stage;
    await using guest = new NatsBroker(url, {
      auth: { user: "shop", password: "secret" },
      inboxPrefix: "_SHOP",
      logger: false,
    });
    await guest.connect();
    const { promise: question, resolve: came } = Promise.withResolvers<string>();
    admin.subscribe("orders.slow", { callback: (_, { reply }) => came(reply!) });
    await admin.flush();
    const answer = meanwhile(() => guest.request("orders.slow", null, { timeout: 20_000 }));
    const address = await within("the guest must ask", question);
    for (const subject of ["orders.echo", "orders.talkback", "orders.fails", "orders.breaks"]) {
      shop.publish(subject, "FORGED", { reply: address });
    }
    await until("the service must answer", () => heard.has(address));
    await shop.flush();
    await guest.ping();
    admin.publish(address, `"true"`);
    assertEquals((await answer).body, "true");
  },
);

onEveryDesk(
  "NatsBroker tells in $SRV.STATS nothing that was made for one caller",
  async (stage) => {
    const { shop, admin } = stage;
    shop.publish("orders.fails", "the card 4711", { reply: "_SHOP.fair" });
    shop.publish("orders.typed", "the card 4711", { reply: "_SHOP.fair" });
    await shop.flush();
    await stage.desk.ping();
    const stats = await admin.request("$SRV.STATS.desk", "", SOON);
    assert(stats.string().includes(`"last_error":"409:Conflict"`), stats.string());
    assert(!stats.string().includes("4711"));
  },
  // the guide's desk is no service
  SETTINGS.filter(({ isPrinted }) => isPrinted),
);
