import { type Auth, type AuthSource, ConnectionError, NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Operator, userKey } from "../support/operator.ts";

const operator = new Operator();
const [ours, theirs] = [operator.user(), new Operator().user()];
const [key, otherKey] = [userKey(), userKey()];
const now = () => Math.floor(Date.now() / 1_000);

/** What a server requires, what it lets in, and what it does not. */
interface Way {
  readonly name: string;
  readonly config: string;
  readonly right: readonly (Auth | AuthSource)[];
  readonly wrong: readonly (Auth | AuthSource)[];
}

const WAYS: readonly Way[] = [
  {
    name: "user and password",
    config: `authorization { user: ada, password: "s3cr3t" }`,
    right: [{ user: "ada", password: "s3cr3t" }, () => ({ user: "ada", password: "s3cr3t" })],
    wrong: [{ user: "ada", password: "guess" }, { user: "eve", password: "s3cr3t" }, {
      user: "ada",
    }],
  },
  {
    name: "a token",
    config: `authorization { token: "t0k3n" }`,
    right: [{ token: "t0k3n" }, () => Promise.resolve({ token: "t0k3n" })],
    wrong: [{ token: "guess" }, () => ({ token: "guess" })],
  },
  {
    name: "an NKey",
    config: `authorization { users: [ { nkey: ${key.nkey} } ] }`,
    right: [{ seed: key.seed }, { nkey: key.nkey, sign: key.sign }, () => ({ seed: key.seed })],
    wrong: [
      { seed: otherKey.seed },
      { nkey: key.nkey, sign: otherKey.sign },
      { nkey: otherKey.nkey, sign: otherKey.sign },
    ],
  },
  {
    name: "a JWT",
    config: operator.config,
    right: [
      { creds: ours.creds },
      { creds: ours.creds.replaceAll("\n", "\r\n").trim() },
      { jwt: ours.jwt, seed: ours.seed },
      { jwt: ours.jwt, sign: ours.sign },
      { jwt: operator.user({ bearer: true }).jwt },
      () => Promise.resolve({ creds: operator.user({ exp: now() + 60 }).creds }),
    ],
    wrong: [
      { creds: theirs.creds },
      { creds: operator.user({ exp: now() - 10 }).creds },
      { jwt: ours.jwt, seed: theirs.seed },
      { jwt: ours.jwt, sign: theirs.sign },
      { jwt: ours.jwt },
    ],
  },
];

function brokerFor({ url }: { url: string }, auth: Auth | AuthSource | undefined): NatsBroker {
  return new NatsBroker(url, { logger: false, ...(auth && { auth }) });
}

/** Over TCP and over a WebSocket. */
function waysTo({ url, webSocketUrl }: NatsServer): readonly { readonly url: string }[] {
  return [{ url }, { url: webSocketUrl }];
}

function pairs<One, Other>(ones: readonly One[], others: readonly Other[]): [One, Other][] {
  return ones.flatMap((one) => others.map((other): [One, Other] => [one, other]));
}

for (const { name, config, right, wrong } of WAYS) {
  Deno.test(`NatsBroker.connect() is let in by ${name}, over TCP and ws://`, async () => {
    await using server = await NatsServer.start({ config, webSocket: true });
    for (const [way, auth] of pairs(waysTo(server), right)) {
      await using broker = brokerFor(way, auth);
      await broker.connect();
      await broker.ping();
    }
  });

  Deno.test(`NatsBroker.connect() fails at once on a wrong one of ${name}, or on none`, async () => {
    await using server = await NatsServer.start({ config, webSocket: true });
    for (const [way, auth] of pairs(waysTo(server), [...wrong, undefined])) {
      const began = performance.now();
      const error = await refusal(brokerFor(way, auth));
      assert(performance.now() - began < 4_000);
      assertEquals(error.reason, "authorization");
      assertStringIncludes(error.message, "as the server must accept the credentials");
      for (const secret of ["s3cr3t", "guess", ours.jwt, ours.seed, key.seed]) {
        assertFalse(Deno.inspect(error, { depth: 9 }).includes(secret));
      }
    }
  });
}

Deno.test("NatsBroker.connect() is let in by a .creds file, and says why it cannot read one", async () => {
  const credsFile = await Deno.makeTempFile({ suffix: ".creds" });
  await using server = await NatsServer.start({ config: operator.config });
  await Deno.writeTextFile(credsFile, ours.creds);
  await using broker = brokerFor(server, { credsFile });
  await broker.connect();
  await broker.ping();
  await Deno.writeTextFile(credsFile, "s3cr3t");
  const unread = await refusal(brokerFor(server, { credsFile }));
  assertEquals(unread.reason, "authorization");
  assertEquals(
    unread.message,
    `Cannot connect as "creds" must be the text of a .creds file`,
  );
  await Deno.remove(credsFile);
  const missing = await refusal(brokerFor(server, { credsFile }));
  assertEquals(missing.reason, "authorization");
  assertStringIncludes(missing.message, "as the credentials must be available: No such file");
});

Deno.test("NatsBroker.connect() says what a function of credentials did wrong", async () => {
  await using server = await NatsServer.start({ config: WAYS[1]!.config });
  const { proxy: unreadable, revoke } = Proxy.revocable(new Error(), {});
  revoke();
  const sources: readonly [unknown, string][] = [
    [() => Promise.reject(new Error("the vault is shut")), "be available: the vault is shut"],
    [() => Promise.reject("shut"), 'be available: it threw "shut"'],
    [() => Promise.reject(null), "be available: it threw null"],
    [() => Promise.reject(unreadable), "be available: it threw an error that cannot be read"],
    [() => {
      throw new Error("no vault");
    }, "be available: no vault"],
    [() => "t0k3n", `the function "auth" must give an object: string`],
    [() => undefined, `the function "auth" must give an object: undefined`],
    [() => ({ token: "" }), `"token" must be text that is not empty: ""`],
    [() => ({ token: "t0k3n", user: "ada" }), "one way alone"],
  ];
  for (const [source, sentence] of sources) {
    const error = await refusal(brokerFor(server, source as AuthSource));
    assertEquals(error.reason, "authorization");
    assertStringIncludes(error.message, sentence);
    assertFalse(error.message.includes("t0k3n"));
  }
});

Deno.test("NatsBroker.connect() fails within its time where a function of credentials never answers", async () => {
  await using server = await NatsServer.start({ config: WAYS[1]!.config });
  const auth = () => new Promise<never>(() => {});
  const broker = new NatsBroker(server.url, { auth, connectTimeout: 500, logger: false });
  const began = performance.now();
  const error = await refusal(broker);
  assertEquals(error.reason, "timeout");
  assertStringIncludes(error.message, "Cannot get the credentials");
  // long before the time that it would have without `connectTimeout`, half of which is for the credentials
  assert(performance.now() - began < 2_500);
});

Deno.test("NatsBroker.connect() says what `sign` did wrong", async () => {
  await using server = await NatsServer.start({ config: WAYS[2]!.config });
  const signers: readonly [unknown, string][] = [
    [() => {
      throw new Error("no smart card");
    }, `"sign" must sign the server's nonce: no smart card`],
    [() => Promise.resolve(new Uint8Array(64)), `"sign" must give 64 bytes: [object Promise]`],
    [() => new Uint8Array(63), `"sign" must give 64 bytes: [object Uint8Array]`],
  ];
  for (const [sign, sentence] of signers) {
    const auth = { nkey: key.nkey, sign } as Auth;
    const error = await refusal(brokerFor(server, auth));
    assertEquals([error.reason, error.message], ["authorization", `Cannot connect as ${sentence}`]);
  }
});

Deno.test("TestBroker.start() asks nobody for credentials, and tells those that it has", async () => {
  const asked: AuthSource = () => Promise.reject(new Error("asked"));
  for (const auth of [asked, { credsFile: "/nowhere/app.creds" }, { creds: ours.creds }]) {
    await using test = await TestBroker.start(new NatsBroker("tls://a", { logger: false, auth }));
    assertEquals(test.server.stats().connections, 1);
  }
  const users = [{ user: "ada", password: "s3cr3t" }];
  const auth = { user: "ada", password: "s3cr3t" };
  await using _known = await TestBroker.start(new NatsBroker("tls://a", { auth }), { users });
});

async function refusal(broker: NatsBroker): Promise<ConnectionError> {
  await using refused = broker;
  return await assertRejects(() => refused.connect(), ConnectionError);
}
