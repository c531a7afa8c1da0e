import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertThrows } from "@std/assert";
import type { User } from "../support/backends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { RawClient } from "../unit/embedded/raw_client.ts";

/** What may change while a server runs. */
interface Changes {
  readonly users?: readonly User[];
  readonly maxPayload?: number;
  readonly maxConnections?: number;
}

interface Running {
  readonly port: number;
  change(changes: Changes): Promise<void>;
}

function configOf({ users, maxPayload, maxConnections }: Changes): string {
  const lines = (users ?? []).map(({ user, password, permissions }) => {
    const { publish, subscribe } = permissions ?? {};
    const granted = [
      ...publish ? [`publish: ${JSON.stringify(publish)}`] : [],
      ...subscribe ? [`subscribe: ${JSON.stringify(subscribe)}`] : [],
    ];
    return `{ user: ${user}, password: ${password}, permissions: { ${granted.join(", ")} } }`;
  });
  return [
    ...maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`],
    ...maxConnections === undefined ? [] : [`max_connections: ${maxConnections}`],
    ...users ? [`authorization: { users: [\n${lines.join("\n")}\n] }`] : [],
  ].join("\n");
}

/** One conversation, with each kind of server. */
function onReload(name: string, before: Changes, talk: (server: Running) => Promise<void>): void {
  Deno.test(`${name} [nats-server]`, async () => {
    await using server = await NatsServer.start({ config: configOf(before) });
    await talk({
      port: server.port,
      change: (changes) => server.reload(configOf({ ...before, ...changes })),
    });
  });
  Deno.test(`${name} [embedded]`, async () => {
    await using server = await EmbeddedServer.start(before);
    const change = (changes: Changes) => Promise.resolve(server.update(changes));
    await talk({ port: server.port, change });
  });
}

const password = "secret";
const shop: User = { user: "shop", password };
const desk: User = { user: "desk", password };
const as = ({ user }: User, pass = password) => ({ user, pass });

/** What is heard until it is this. */
async function hears(client: RawClient, text: string): Promise<void> {
  assertEquals(await client.until(text), text);
}

onReload("A reload ends subscriptions that are not permitted any more, and says which", {
  users: [shop, desk],
}, async ({ port, change }) => {
  await using client = await RawClient.greet(port, as(shop));
  await using other = await RawClient.greet(port, as(desk));
  assertEquals(await client.ask("SUB a.x 1\r\nSUB b.> 2\r\nSUB b.c q 3\r\n"), "");
  await change({
    users: [{ ...shop, permissions: { subscribe: ["a.>"], publish: ["b.>"] } }, desk],
  });
  const refused = "-ERR 'Permissions Violation for Subscription to ";
  // nats-server looks at them in no order of its own
  const told = [await client.until("\r\n"), await client.until("\r\n")].sort();
  assertEquals(told, [
    `${refused}"b.>" (sid "2")'\r\n`,
    `${refused}"b.c" using queue "q" (sid "3")'\r\n`,
  ]);
  assertEquals(await other.ask("PUB b.c 1\r\nx\r\nPUB a.x 1\r\nx\r\n"), "");
  await hears(client, "MSG a.x 1 1\r\nx\r\n");
  const said = await client.ask("PUB a.x 1\r\nx\r\nPUB b.x 1\r\nx\r\nSUB b.> 4\r\n");
  assertEquals(
    said,
    `-ERR 'Permissions Violation for Publish to "a.x"'\r\n${refused}"b.>"'\r\n`,
  );
  await change({ users: [shop, desk] });
  assertEquals(await client.ask("SUB b.> 5\r\nPUB b.x 1\r\nx\r\n"), "MSG b.x 5 1\r\nx\r\n");
});

onReload("A reload refuses whoever has another password now, and lets others be", {
  users: [shop, desk],
}, async ({ port, change }) => {
  await using client = await RawClient.greet(port, as(shop));
  await using other = await RawClient.greet(port, as(desk));
  assertEquals(await client.ask("") + await other.ask("SUB a 1\r\n"), "");
  await change({ users: [{ ...shop, password: "another" }, desk] });
  assertEquals(await client.untilClosed(), "-ERR 'Authorization Violation'\r\n");
  assertEquals(await other.ask("PUB a 1\r\nx\r\n"), "MSG a 1 1\r\nx\r\n");
  await using again = await RawClient.greet(port, as(shop, "another"));
  assertEquals(await again.ask(""), "");
});

onReload("A reload cuts off a user that is none any more, without a word", {
  users: [shop, desk],
}, async ({ port, change }) => {
  await using client = await RawClient.greet(port, as(shop));
  assertEquals(await client.ask(""), "");
  await change({ users: [desk] });
  assertEquals(await client.untilClosed(), "");
});

onReload("A reload that brings users refuses whoever is none", {}, async ({ port, change }) => {
  await using client = await RawClient.greet(port);
  await using user = await RawClient.greet(port, as(shop));
  assertEquals(await client.ask("") + await user.ask(""), "");
  await change({ users: [shop] });
  assertEquals(await client.untilClosed(), "-ERR 'Authorization Violation'\r\n");
  assertEquals(await user.ask(""), "");
});

onReload("A reload changes how large a message may be", {}, async ({ port, change }) => {
  await using client = await RawClient.greet(port);
  assertEquals(await client.ask("PUB a 9\r\n123456789\r\n"), "");
  await change({ maxPayload: 8 });
  await client.say("PUB a 9\r\n123456789\r\n");
  assertEquals(await client.untilClosed(), "-ERR 'Maximum Payload Violation'\r\n");
});

onReload("A reload cuts off clients beyond the new maximum", {}, async ({ port, change }) => {
  const clients = [];
  while (clients.length < 3) clients.push(await RawClient.greet(port));
  for (const client of clients) assertEquals(await client.ask(""), "");
  await change({ maxConnections: 1 });
  const gone = new Set<RawClient>();
  for (const client of clients) {
    void client.untilClosed().then((last) => {
      if (last === "-ERR 'maximum connections exceeded'\r\n") gone.add(client);
    });
  }
  await until("two must go", () => gone.size === 2);
  const [left] = clients.filter((client) => !gone.has(client));
  assertEquals(await left!.ask(""), "");
  for (const client of clients) await client[Symbol.asyncDispose]();
});

const limited: User = {
  ...shop,
  permissions: {
    publish: ["$SYS.REQ.USER.INFO"],
    subscribe: { allow: ["in", "x"], deny: ["x"] },
    allowResponses: { max: 3, expires: 1_000 },
  },
};

Deno.test("$SYS.REQ.USER.INFO tells who asks, and what it may do, alike on both servers", async () => {
  const users = [limited, desk];
  const config = `authorization: { users: [
    { user: desk, password: secret }
    { user: shop, password: secret, permissions: {
      publish: ["$SYS.REQ.USER.INFO"]
      subscribe: { allow: ["in", "x"], deny: ["x"] }
      allow_responses: { max: 3, expires: "1s" } } } ] }`;
  await using real = await NatsServer.start({ config });
  await using embedded = await EmbeddedServer.start({ users });
  const told = async (port: number, user: User) => {
    await using client = await RawClient.greet(port, { ...as(user), no_responders: true });
    assertEquals(await client.ask("SUB in 1\r\nPUB $SYS.REQ.USER.INFO 0\r\n\r\n"), "");
    await client.say("PUB $SYS.REQ.USER.INFO in 0\r\n\r\n");
    await client.until("\r\n");
    const info = JSON.parse(await client.until("\r\n"));
    // nats-server lists them in no order of its own
    info.data.permissions?.subscribe?.allow?.sort();
    return info;
  };
  for (const user of users) {
    const [theirs, ours] = [await told(real.port, user), await told(embedded.port, user)];
    assertEquals(ours.data, theirs.data);
    for (const key of Object.keys(ours.server)) {
      assertEquals(typeof ours.server[key], typeof theirs.server[key], key);
    }
  }
});

Deno.test("INFO of the embedded server has what that of the real one has", async () => {
  await using real = await NatsServer.start();
  await using embedded = await EmbeddedServer.start({ jetstream: false });
  const told = async (port: number): Promise<Record<string, unknown>> => {
    await using client = await RawClient.connect(port);
    return JSON.parse((await client.until("\r\n")).slice("INFO ".length));
  };
  const [theirs, ours] = [await told(real.port), await told(embedded.port)];
  assertEquals(Object.keys(ours), Object.keys(theirs));
  assertEquals(ours.api_lvl, theirs.api_lvl);
  assertEquals(`${ours.xkey}`.length, `${theirs.xkey}`.length);
});

Deno.test("EmbeddedServer.update() refuses what cannot be changed while it runs, and changes nothing", async () => {
  await using server = await EmbeddedServer.start({ users: [shop] });
  const wrong = { port: 4_222 } as unknown as Changes;
  assertThrows(
    () => server.update(wrong),
    TypeError,
    "Cannot update the embedded server as a change must be one of users, token, maxPayload, " +
      'maxConnections, authTimeout: "port"',
  );
  assertThrows(() => server.update({ maxPayload: 0 }), RangeError, "maxPayload");
  assertThrows(() => server.update({ users: [shop, shop] }), TypeError, "names must differ");
  await using client = await RawClient.greet(server.port, as(shop));
  assertEquals(await client.ask(""), "");
});
