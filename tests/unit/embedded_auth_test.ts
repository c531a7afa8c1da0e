import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import type { EmbeddedUser } from "../../src/testing/server/options.ts";
import { RawClient } from "./embedded/raw_client.ts";

const VIOLATION = "-ERR 'Authorization Violation'\r\n";

const users: readonly EmbeddedUser[] = [
  { user: "any", password: "thing" },
  {
    user: "limited",
    password: "l",
    permissions: {
      publish: { allow: ["ok.*"], deny: ["ok.secret"] },
      subscribe: { allow: ["ok.>"], deny: ["ok.secret", "ok.jobs v9"] },
    },
  },
  {
    user: "service",
    password: "s",
    permissions: { subscribe: ["svc"], allowResponses: true },
  },
];

/** A busy machine may take long from the connection to the CONNECT. */
const patient = { users, authTimeout: 20_000 };

async function refused(server: EmbeddedServer, said: string): Promise<string> {
  await using client = await RawClient.connect(server.port);
  const info = JSON.parse((await client.until("\r\n")).slice(5));
  assertEquals(info.auth_required, true);
  await client.say(said);
  return await client.untilClosed();
}

Deno.test("EmbeddedServer with users refuses whoever is not one of them", async () => {
  await using server = await EmbeddedServer.start(patient);
  assertEquals(await refused(server, "CONNECT {}\r\n"), VIOLATION);
  assertEquals(await refused(server, 'CONNECT {"user":"any","pass":"x"}\r\n'), VIOLATION);
  assertEquals(await refused(server, 'CONNECT {"user":"who","pass":"thing"}\r\n'), VIOLATION);
  assertEquals(await refused(server, 'CONNECT {"user":"__proto__","pass":""}\r\n'), VIOLATION);
});

Deno.test("EmbeddedServer with users takes nothing before CONNECT", async () => {
  await using server = await EmbeddedServer.start(patient);
  for (const said of ["PING\r\n", "SUB a 1\r\n", "PUB a 1\r\n", "X"]) {
    assertEquals(await refused(server, said), VIOLATION, said);
  }
});

Deno.test("EmbeddedServer with users waits so long for CONNECT", async () => {
  await using server = await EmbeddedServer.start({ users, authTimeout: 30 });
  assertEquals(await refused(server, ""), "-ERR 'Authentication Timeout'\r\n");
});

Deno.test("EmbeddedServer with a token asks for it", async () => {
  await using server = await EmbeddedServer.start({ token: "s3cret", authTimeout: 20_000 });
  assertEquals(await refused(server, 'CONNECT {"auth_token":"x"}\r\n'), VIOLATION);
  await using client = await RawClient.greet(server.port, { auth_token: "s3cret" });
  assertEquals(await client.ask(""), "");
});

Deno.test("EmbeddedServer forbids what a user may not do, and goes on", async () => {
  await using server = await EmbeddedServer.start(patient);
  await using client = await RawClient.greet(server.port, { user: "limited", pass: "l" });
  const heard = await client.ask(
    'PUB no 1\r\nx\r\nPUB ok.secret 1\r\nx\r\nSUB no 1\r\nSUB no "q 2\r\nSUB ok.secret 3\r\n' +
      'SUB ok.jobs v9 4\r\nSUB ok.jobs v8 5\r\nPUB ok.jobs 1\r\nx\r\nPUB \xff" 1\r\nx\r\n',
  );
  assertEquals(heard.split("\r\n"), [
    "-ERR 'Permissions Violation for Publish to \"no\"'",
    "-ERR 'Permissions Violation for Publish to \"ok.secret\"'",
    "-ERR 'Permissions Violation for Subscription to \"no\"'",
    '-ERR \'Permissions Violation for Subscription to "no" using queue "\\"q"\'',
    "-ERR 'Permissions Violation for Subscription to \"ok.secret\"'",
    '-ERR \'Permissions Violation for Subscription to "ok.jobs" using queue "v9"\'',
    "MSG ok.jobs 5 1",
    "x",
    '-ERR \'Permissions Violation for Publish to "\\xff\\""\'',
    "",
  ]);
});

Deno.test("EmbeddedServer keeps what is denied from a wider subscription", async () => {
  await using server = await EmbeddedServer.start(patient);
  await using client = await RawClient.greet(server.port, { user: "limited", pass: "l" });
  await using other = await RawClient.greet(server.port, { user: "any", pass: "thing" });
  await client.ask("SUB ok.> 1\r\nSUB ok.* v9 2\r\n");
  await other.ask("PUB ok.a 1\r\nx\r\nPUB ok.secret 1\r\nx\r\nPUB ok.jobs 1\r\nx\r\n");
  const heard = await client.ask("");
  assertEquals(heard.match(/MSG \S+ 1/g), ["MSG ok.a 1", "MSG ok.jobs 1"]);
  assertEquals(heard.match(/MSG \S+ 2/g), ["MSG ok.a 2"]);
});

Deno.test("EmbeddedServer answers 503 where a filter left nobody", async () => {
  await using server = await EmbeddedServer.start(patient);
  await using client = await RawClient.greet(server.port, { user: "limited", pass: "l" });
  await using other = await RawClient.greet(server.port, {
    user: "any",
    pass: "thing",
    no_responders: true,
  });
  await client.ask("SUB ok.> 1\r\n");
  const heard = await other.ask("SUB in 1\r\nPUB ok.secret in 0\r\n\r\n");
  assertEquals(heard.split("\r\n")[1], "NATS/1.0 503");
});

Deno.test("EmbeddedServer lets a service respond once to what it was asked", async () => {
  await using server = await EmbeddedServer.start(patient);
  await using service = await RawClient.greet(server.port, { user: "service", pass: "s" });
  await using caller = await RawClient.greet(server.port, { user: "any", pass: "thing" });
  await service.ask("SUB svc 1\r\n");
  await caller.ask("SUB in 1\r\nPUB svc in 0\r\n\r\n");
  const heard = await service.ask("PUB in 2\r\nhi\r\nPUB in 2\r\nno\r\nPUB other 0\r\n\r\n");
  assertEquals(heard.split("\r\n"), [
    "MSG svc 1 in 0",
    "",
    "-ERR 'Permissions Violation for Publish to \"in\"'",
    "-ERR 'Permissions Violation for Publish to \"other\"'",
    "",
  ]);
  assertEquals(await caller.ask(""), "MSG in 1 2\r\nhi\r\n");
});
