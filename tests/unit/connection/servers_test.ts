import { assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { parseServers, withoutQuery } from "../../../src/connection/servers.ts";

function sentenceOf(servers: unknown): string {
  return assertThrows(() => parseServers(servers as string), TypeError).message;
}

Deno.test("parseServers() reads every kind of URL", () => {
  const of = (url: string) => {
    const { urls, kind, secure } = parseServers(url);
    return [urls[0], kind, secure];
  };
  assertEquals(of("nats://a:4222"), ["a:4222", "tcp", false]);
  assertEquals(of("tls://a:4222"), ["a:4222", "tcp", true]);
  assertEquals(of("ws://a:8080"), ["ws://a:8080", "webSocket", false]);
  assertEquals(of("wss://a"), ["wss://a", "webSocket", true]);
  assertEquals(of("a:4222"), ["a:4222", "tcp", false]);
  assertEquals(of("localhost"), ["localhost", "tcp", false]);
});

Deno.test("parseServers() reads a scheme in any case, and passes over blanks around", () => {
  assertEquals(parseServers(" NATS://a:1 ").urls, ["a:1"]);
  assertEquals(parseServers("Wss://a/b").urls, ["wss://a/b"]);
});

Deno.test("parseServers() keeps a port that is http's own", () => {
  assertEquals(parseServers("nats://a:80").urls, ["a:80"]);
  assertEquals(parseServers("ws://a:80").urls, ["ws://a:80"]);
});

Deno.test("parseServers() reads IPv6 addresses", () => {
  assertEquals(parseServers("nats://[::1]:4222").urls, ["[::1]:4222"]);
  assertEquals(parseServers("[2001:db8::7]").urls, ["[2001:db8::7]"]);
  const { urls, credentials } = parseServers("nats://ada:pw@[::1]:4222");
  assertEquals([urls, credentials], [["[::1]:4222"], { user: "ada", password: "pw" }]);
});

Deno.test("parseServers() keeps the path of a WebSocket and drops any other", () => {
  assertEquals(parseServers("ws://a:8080/nats/eu").urls, ["ws://a:8080/nats/eu"]);
  assertEquals(parseServers("wss://a/").urls, ["wss://a/"]);
  assertEquals(parseServers("nats://a:4222/").urls, ["a:4222"]);
  assertEquals(parseServers("ws://a:1/x@y").urls, ["ws://a:1/x@y"]);
  const { urls, credentials } = parseServers("ws://ada:pw@a:1/x@y?z=@#@");
  assertEquals([urls, credentials], [["ws://a:1/x@y?z=@#@"], { user: "ada", password: "pw" }]);
});

Deno.test("parseServers() drops query and fragment of a TCP server, and keeps a WebSocket's", () => {
  for (const url of ["nats://a:1?x=1", "nats://a:1#x", "a:1/?x=1"]) {
    assertEquals(parseServers(url).urls, ["a:1"]);
  }
  assertEquals(parseServers("wss://a?x=1").urls, ["wss://a?x=1"]);
});

Deno.test("parseServers() takes several in a list or with commas", () => {
  const urls = ["a:1", "b:2", "[::1]:3"];
  assertEquals(parseServers("nats://a:1, nats://b:2,[::1]:3").urls, urls);
  assertEquals(parseServers(["nats://a:1", "nats://b:2", "[::1]:3"]).urls, urls);
});

Deno.test("parseServers() takes user and password out of the URL", () => {
  const { urls, credentials } = parseServers("nats://ada:secret@a:4222");
  assertEquals([urls, credentials], [["a:4222"], { user: "ada", password: "secret" }]);
});

Deno.test("parseServers() reads escapes in user, password and token", () => {
  assertEquals(parseServers("nats://a%40b:p%3A%2F%25%20%C3%A9@h").credentials, {
    user: "a@b",
    password: "p:/% é",
  });
  assertEquals(parseServers("nats://t%2Fo%2Fk@h").credentials, { token: "t/o/k" });
});

Deno.test("parseServers() takes a user without a password for a token", () => {
  assertEquals(parseServers("nats://s3cr3t@a:4222").credentials, { token: "s3cr3t" });
  assertEquals(parseServers("s3cr3t@a:4222").credentials, { token: "s3cr3t" });
});

Deno.test("parseServers() takes an @ within a password", () => {
  const { urls, credentials } = parseServers("nats://ada:p@ss@a:4222");
  assertEquals([urls, credentials], [["a:4222"], { user: "ada", password: "p@ss" }]);
});

Deno.test("parseServers() has no credentials where no URL gives any", () => {
  assertEquals(parseServers("nats://a").credentials, {});
});

Deno.test("parseServers() says TLS as soon as one URL asks for it", () => {
  assertStrictEquals(parseServers("nats://a,tls://b").secure, true);
  assertStrictEquals(parseServers("nats://a,nats://b").secure, false);
});

Deno.test("parseServers() refuses what is no such URL in a sentence that shows it", () => {
  const rule = "Cannot make a broker as a server must be nats://, tls://, ws:// or wss://HOST:PORT";
  for (
    const url of ["http://a", "mailto://a", "nats://", "", "nats://a:70000", "a b", "[::1]:70000"]
  ) {
    assertEquals(sentenceOf(url), `${rule}: ${JSON.stringify(url)}`);
  }
  assertEquals(sentenceOf("::1"), `${rule}: "…"`);
  assertEquals(sentenceOf([42]), `${rule}: 42`);
  assertEquals(sentenceOf([Object.create(null)]), `${rule}: [object Object]`);
  assertEquals(sentenceOf(["nats://a", ""]), `${rule}: ""`);
  assertEquals(sentenceOf("nats://a,"), `${rule}: server 2 of 2`);
});

Deno.test("parseServers() refuses no server at all", () => {
  const shown = [[[], "none"], [42, "42"], [null, "null"], [{}, "[object Object]"]] as const;
  for (const [none, found] of shown) {
    assertEquals(
      sentenceOf(none),
      `Cannot make a broker as it must be written: new NatsBroker("nats://HOST:PORT", options): ${found}`,
    );
  }
});

Deno.test("parseServers() refuses WebSockets beside others", () => {
  for (const servers of ["nats://a,ws://b:1", "ws://a,b:1", ["wss://a", "tls://b:1"]]) {
    assertEquals(
      sentenceOf(servers).split(": ")[0],
      "Cannot make a broker as its servers must all be WebSockets or none",
    );
  }
  assertEquals(parseServers("ws://a,wss://b").kind, "webSocket");
});

Deno.test("parseServers() refuses credentials that differ, without telling them", () => {
  const sentence = "Cannot make a broker as its servers must have the same credentials";
  assertEquals(sentenceOf("nats://ada:one@a,nats://ada:two@b:2"), `${sentence}: server 2 of 2`);
  assertEquals(sentenceOf("nats://ada:one@a,nats://b:2"), `${sentence}: server 2 of 2`);
  assertEquals(sentenceOf("nats://token@a,nats://other@b:2"), `${sentence}: server 2 of 2`);
  assertEquals(parseServers("nats://ada:one@a,nats://ada:one@b").credentials, {
    user: "ada",
    password: "one",
  });
});

Deno.test("parseServers() tells no password in the sentence of an error", () => {
  const wrong = [
    "http://ada:hunter2@a",
    "nats://ada:hunter2@",
    "nats://ada:hunter2@a:70000",
    "nats://ada:hunter2@a:port",
    "nats://ada:hun/hunter2@a:70000",
    "nats://hunter2@a b",
    "nats://ada:hunter2@a,ws://ada:hunter2@b",
    "nats://ada:hunter2@a,nats://b",
  ];
  const bare = [
    "ada:hunter2@a:70000",
    "nats://ada:hunter2",
    "nats://ada:hunter2,x@a",
    "nats://ada:hun/hunter2,x@a:1",
    "nats://ada:hunter2/x,y@a",
    "nats://ada:12345678/hunter2",
    "wss://a:70000/?token=hunter2",
    "nats://hun/hunter2@a:1",
    "nats://ada:100%hunter2@a",
    "nats://:hunter2@a:1",
    "nats://ada:hunter2@b@a:70000",
  ];
  for (const servers of [...wrong, ...bare]) {
    assertFalse(sentenceOf(servers).includes("hunter2"), servers);
  }
});

Deno.test("parseServers() shows host and port of an URL that it refuses", () => {
  const shown = (url: string) => sentenceOf(url).split("HOST:PORT: ")[1];
  assertEquals(shown("nats://ada:hunter2@a:70000"), '"nats://…@a:70000"');
  assertEquals(shown("ada:hunter2@a:70000"), '"…@a:70000"');
  assertEquals(shown("nats://ada:hunter2"), '"nats://ada…"');
  assertEquals(shown("http://ada:hunter2@[::1]:4222/x"), '"http://…@[::1]:4222…"');
});

Deno.test("parseServers() refuses a stray % in a sentence", () => {
  for (const url of ["nats://ada:100%@a", "nats://100%@a", "nats://ada:%FF@a"]) {
    assertStrictEquals(sentenceOf(url).endsWith('"nats://…@a"'), true, url);
  }
});

Deno.test("parseServers() never drops credentials with a / ? # or \\ in silence", () => {
  for (const cut of ["/", "?", "#", "\\"]) {
    sentenceOf(`nats://to${cut}ken@a:1`);
    sentenceOf(`nats://ada:pass${cut}word@a:1`);
    sentenceOf(`nats://ada:12${cut}34@a:1`);
    sentenceOf(`nats://ada:pw@a:1${cut}x@y`);
  }
});

Deno.test("parseServers() refuses an @ without a user before it", () => {
  for (const url of ["nats://:pw@a:1", "nats://@a:1", "@a", "ws://:pw@a:1", "ws://@a:1/x"]) {
    sentenceOf(url);
  }
});

Deno.test("parseServers() shows no part of a password that has a comma in it", () => {
  for (
    const servers of [
      "nats://shop:12,SECRET@a:1",
      "nats://shop:12,SE CRET,x@a",
      "nats://shop:12,SE%CRET,x@a",
      "ws://shop:12,SECRET,34@a:1",
      "nats://shop:12,http://SECRET,34@a:1",
    ]
  ) {
    assertEquals(sentenceOf(servers).includes("CRET"), false, sentenceOf(servers));
  }
});

Deno.test("withoutQuery() keeps a token in a query out of texts", () => {
  assertEquals(withoutQuery("ws://a:1/path?token=SECRET#x"), "ws://a:1/path?…");
  assertEquals(withoutQuery("a:4222"), "a:4222");
});
