import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { NatsBroker } from "../../../src/broker/broker.ts";
import type { Auth, AuthSource } from "../../../src/connection/auth.ts";
import { Operator, userKey } from "../../support/operator.ts";

const URL = "nats://127.0.0.1:4222";
const { seed, nkey, sign } = userKey();
const { jwt, creds } = new Operator().user();

function sentenceOf(auth: unknown): string {
  const make = () => new NatsBroker(URL, { auth: auth as Auth });
  return assertThrows(make, TypeError).message.replace("Cannot make a broker as ", "");
}

Deno.test("NatsBroker takes each way of `auth`, and a function without asking it", () => {
  const ways: readonly (Auth | AuthSource)[] = [
    { user: "ada" },
    { user: "ada", password: "pw" },
    { token: "tok" },
    { seed },
    { nkey, sign },
    { jwt },
    { jwt, seed },
    { jwt, sign },
    { creds },
    { credsFile: "/nowhere/app.creds" },
    () => {
      throw new Error("asked");
    },
  ];
  for (const auth of ways) new NatsBroker(URL, { auth });
});

Deno.test("NatsBroker takes creds whatever ends their lines, and blanks about them", () => {
  for (
    const text of [creds.replaceAll("\n", "\r\n"), creds.trim(), `\n${creds}`, `# shop\n${creds}`]
  ) {
    new NatsBroker(URL, { auth: { creds: text } });
  }
});

Deno.test("NatsBroker refuses an `auth` that is not one way alone, and names what it was given", () => {
  const given: readonly [object, string][] = [
    [{}, "{  }"],
    [{ password: "hunter2" }, "{ password }"],
    [{ user: "ada", token: "hunter2" }, "{ token, user }"],
    [{ seed, nkey }, "{ nkey, seed }"],
    [{ nkey }, "{ nkey }"],
    [{ sign }, "{ sign }"],
    [{ jwt, seed, sign }, "{ jwt, seed, sign }"],
    [{ creds, credsFile: "app.creds" }, "{ creds, credsFile }"],
  ];
  for (const [auth, found] of given) {
    const sentence = sentenceOf(auth);
    assertStringIncludes(sentence, `"auth" must be one way alone, { user }, { password, user }, `);
    assertEquals(sentence.slice(sentence.lastIndexOf(": ") + 2), found);
  }
});

Deno.test("NatsBroker refuses a wrong seed, key, JWT or creds", () => {
  for (const wrong of ["SUX", nkey, seed.replace(/.$/, "1")]) {
    const sentence = `"seed" must be the seed of a user's NKey, SU…`;
    assertEquals(sentenceOf({ seed: wrong }), sentence);
  }
  for (const wrong of ["UX", seed]) {
    const sentence = `"nkey" must be the public key of a user's NKey, U…`;
    assertEquals(sentenceOf({ nkey: wrong, sign }), sentence);
  }
  assertEquals(sentenceOf({ jwt: "hunter2" }), `"jwt" must be a JWT`);
  assertEquals(sentenceOf({ jwt, sign: seed }), `"sign" must be a function`);
  for (const wrong of ["hunter2", jwt, creds.replace(seedOf(creds), "SUX"), creds.slice(0, 60)]) {
    const sentence = `"creds" must be the text of a .creds file`;
    assertEquals(sentenceOf({ creds: wrong }), sentence);
  }
  const sentence = `"credsFile" must be the path of a .creds file`;
  assertEquals(sentenceOf({ credsFile: creds }), sentence);
});

Deno.test("NatsBroker tells no secret where `auth` is of a wrong shape", () => {
  const kinds: readonly [unknown, string][] = [
    ["hunter2", `"auth" must be an object, or a function: string`],
    [null, `"auth" must be an object, or a function: null`],
    [class Vault {}, `"auth" must be an object, or a function: function`],
    [{ user: null }, `"user" must be text that is not empty: null`],
    [{ user: "ada", password: "" }, `"password" must be text that is not empty: ""`],
    [
      { user: "ada", password: 123456 },
      `"password" must be text that is not empty: [object Number]`,
    ],
    [{ token: {} }, `"token" must be text that is not empty: [object Object]`],
    [{ token: ["hunter2"] }, `"token" must be text that is not empty: [object Array]`],
    [{ seed: new Uint8Array(1) }, `"seed" must be text that is not empty: [object Uint8Array]`],
    [{ creds: 123456 }, `"creds" must be text that is not empty: [object Number]`],
  ];
  for (const [auth, sentence] of kinds) assertEquals(sentenceOf(auth), sentence);
  assertStringIncludes(
    sentenceOf({ credentials: "hunter2" }),
    "an option must be one of user, password, token, seed, nkey, jwt, sign, creds, credsFile",
  );
});

Deno.test("NatsBroker shows no secret when it is inspected", () => {
  const secrets: readonly [Auth, string][] = [
    [{ user: "ada", password: "hunter2" }, "hunter2"],
    [{ token: "hunter2" }, "hunter2"],
    [{ seed }, seed],
    [{ creds }, jwt],
  ];
  for (const [auth, secret] of secrets) {
    const broker = new NatsBroker(URL, { auth });
    const shown = Deno.inspect(broker, { depth: 20, showHidden: true }) + JSON.stringify(broker);
    assertFalse(shown.includes(secret));
  }
  const shown = Deno.inspect(new NatsBroker("nats://ada:hunter2@a", { logger: false }));
  assertFalse(shown.includes("hunter2"));
});

function seedOf(text: string): string {
  return /SU[A-Z0-9]{56}/.exec(text)![0];
}
