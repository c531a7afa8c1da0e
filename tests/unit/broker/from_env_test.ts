import { assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import type { AuthSource } from "../../../src/connection/auth.ts";
import { fromEnv, fromVariables } from "../../../src/broker/from_env.ts";
import { NatsBroker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/broker/broker_options.ts";
import { Operator, userKey } from "../../support/operator.ts";

const { seed } = userKey();
const LOCAL = "nats://127.0.0.1:4222";

function from(
  variables: Readonly<Record<string, string>>,
  options: BrokerOptions = {},
): [string, BrokerOptions] {
  return fromVariables((name) => variables[name] || undefined, options);
}

Deno.test("fromEnv() takes the servers and each way to authenticate from the variables of the nats command", () => {
  const { jwt, seed } = new Operator().user();
  assertEquals(from({}), [LOCAL, {}]);
  assertEquals(from({ NATS_URL: "" }), [LOCAL, {}]);
  assertEquals(from({ NATS_URL: "tls://a,tls://b" }), ["tls://a,tls://b", {}]);
  const ways: readonly [Record<string, string>, BrokerOptions][] = [
    [{ NATS_USER: "ada", NATS_PASSWORD: "pw" }, { auth: { user: "ada", password: "pw" } }],
    [{ NATS_TOKEN: "tok", NATS_USER: "" }, { auth: { token: "tok" } }],
    [{ NATS_CREDS: "/a/b.creds" }, { auth: { credsFile: "/a/b.creds" } }],
    [{ NATS_JWT: jwt, NATS_SEED: seed }, { auth: { jwt, seed } }],
    [{ NATS_CA: "/ca.pem" }, { tls: { caFile: "/ca.pem" } }],
  ];
  for (const [variables, options] of ways) {
    assertEquals(from(variables), [LOCAL, options]);
    new NatsBroker(...from(variables));
  }
});

Deno.test("fromEnv() reads the file of NATS_NKEY before each connect", async () => {
  const file = await Deno.makeTempFile();
  try {
    const [, { auth }] = from({ NATS_NKEY: file });
    await assertRejects(async () => await (auth as AuthSource)(), TypeError, "NATS_NKEY must be");
    await Deno.writeTextFile(file, `# shop\n${seed}\n`);
    assertEquals(await (auth as AuthSource)(), { seed });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("fromEnv() keeps the program's options, and replaces auth and tls.caFile", () => {
  const given = {
    name: "shop",
    auth: { token: "own" },
    tls: { caFile: "a", handshakeFirst: true },
  };
  assertEquals(from({}, given), [LOCAL, given]);
  assertEquals(from({ NATS_TOKEN: "tok", NATS_CA: "b" }, given), [LOCAL, {
    name: "shop",
    auth: { token: "tok" },
    tls: { caFile: "b", handshakeFirst: true },
  }]);
});

Deno.test("fromEnv() refuses half of the variables, and too many, with one sentence and no secret", () => {
  const cannot = "Cannot read the environment as ";
  const certificate =
    `${cannot}TLS must be without a client certificate, which Deno's transport cannot send: `;
  const oneWay = `${cannot}credentials must be given one way: `;
  const wrong: readonly [Record<string, string>, string][] = [
    [{ NATS_USER: "hunter2" }, `${cannot}NATS_USER must come with NATS_PASSWORD: it is not set`],
    [
      { NATS_PASSWORD: "hunter2" },
      `${cannot}NATS_PASSWORD must come with NATS_USER: it is not set`,
    ],
    [
      { NATS_USER: "ada", NATS_PASSWORD: "" },
      `${cannot}NATS_USER must come with NATS_PASSWORD: it is not set`,
    ],
    [{ NATS_JWT: "hunter2" }, `${cannot}NATS_JWT must come with NATS_SEED: it is not set`],
    [{ NATS_SEED: seed }, `${cannot}NATS_SEED must come with NATS_JWT: it is not set`],
    [{ NATS_CERT: "a.pem" }, `${certificate}NATS_CERT`],
    [{ NATS_KEY: "a.pem", NATS_TOKEN: "hunter2" }, `${certificate}NATS_KEY`],
    [
      { NATS_NKEY: seed },
      `${cannot}NATS_NKEY must be the path of a file with a seed: it is a seed`,
    ],
    [{ NATS_TOKEN: "hunter2", NATS_CREDS: "a" }, `${oneWay}NATS_TOKEN, NATS_CREDS`],
    [
      { NATS_USER: "ada", NATS_PASSWORD: "hunter2", NATS_TOKEN: "hunter2" },
      `${oneWay}NATS_USER with NATS_PASSWORD, NATS_TOKEN`,
    ],
  ];
  for (const [variables, sentence] of wrong) {
    const { message } = assertThrows(() => from(variables), TypeError);
    assertEquals(message, sentence);
    assertFalse(message.includes("hunter2") || message.includes(seed));
  }
  const { message } = assertThrows(
    () => new NatsBroker(...from({ NATS_URL: "nats://ada:hunter2@a", NATS_TOKEN: "hunter2" })),
    TypeError,
  );
  assertFalse(message.includes("hunter2"));
  for (const options of [null, "shop", 5, ["nats://a"]]) {
    assertThrows(
      () => fromEnv(options as never),
      TypeError,
      `${cannot}options must be an object: `,
    );
  }
});

Deno.test({
  name: "fromEnv() says once which permission it needs",
  permissions: { env: ["NATS_URL", "NATS_USER"] },
  fn: () => {
    const sentence =
      "Cannot read the environment as all its variables must be permitted: run with --allow-env=NATS_*";
    const { message } = assertThrows(() => fromEnv(), Deno.errors.NotCapable);
    assertEquals(message, sentence);
  },
});

Deno.test("fromEnv() leaves wrong options of TLS for the broker to refuse", () => {
  for (const tls of ["x", 5, null]) {
    const given = from({ NATS_CA: "/etc/ca.pem" }, { tls } as never);
    assertThrows(() => new NatsBroker(...given), TypeError, '"tls" must be an object: ');
  }
});
