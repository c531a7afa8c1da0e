import { assertEquals, assertMatch } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { conversations } from "./embedded/conversations.ts";
import { RawClient } from "./embedded/raw_client.ts";

for (const { name, request, say, hear, closes } of conversations) {
  Deno.test(`EmbeddedServer: ${name}`, async () => {
    await using server = await EmbeddedServer.start({ jetstream: false });
    await using client = request === null
      ? await RawClient.connect(server.port)
      : await RawClient.greet(server.port, request);
    if (request === null) await client.until("\r\n");
    if (!closes) return assertEquals(await client.ask(say), hear);
    await client.say(say);
    assertEquals(await client.untilClosed(), hear);
  });
}

Deno.test("EmbeddedServer greets with INFO as the real one words it", async () => {
  await using server = await EmbeddedServer.start({ maxPayload: 1234 });
  await using client = await RawClient.connect(server.port);
  const line = await client.until("\r\n");
  assertMatch(line, /^INFO \{.*\} \r\n$/);
  const { server_id, server_name, xkey, ...info } = JSON.parse(line.slice(5));
  assertMatch(server_id, /^N[A-Z2-7]{55}$/);
  assertMatch(xkey, /^X[A-Z2-7]{55}$/);
  assertMatch(server_name, /^embedded-/);
  assertEquals(info, {
    version: "2.15.1-embedded",
    proto: 1,
    go: "none",
    host: "127.0.0.1",
    port: server.port,
    headers: true,
    jetstream: true,
    max_payload: 1234,
    client_id: 1,
    client_ip: "127.0.0.1",
    api_lvl: 5,
  });
});

Deno.test("EmbeddedServer tells the account in a second INFO after the first PING", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port, { protocol: 1 });
  await client.ask("");
  const info = JSON.parse((await client.until("\r\n")).slice(5));
  assertEquals([info.connect_info, info.remote_account], [true, "$G"]);
  assertEquals(await client.ask(""), "");
});

Deno.test("EmbeddedServer takes headers off for a client that has none", async () => {
  await using server = await EmbeddedServer.start();
  await using plain = await RawClient.greet(server.port, { headers: false });
  await using other = await RawClient.greet(server.port);
  await plain.ask("SUB a 1\r\n");
  await other.ask("HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  assertEquals(await plain.ask(""), "MSG a 1 2\r\nhi\r\n");
});

Deno.test("EmbeddedServer without headers says so and refuses them", async () => {
  await using server = await EmbeddedServer.start({ headers: false });
  await using client = await RawClient.connect(server.port);
  assertEquals(JSON.parse((await client.until("\r\n")).slice(5)).headers, false);
  await client.say('CONNECT {"verbose":false,"headers":true}\r\nHPUB a 12 12\r\n');
  assertEquals(await client.untilClosed(), "");
});

Deno.test("EmbeddedServer spreads a queue group over its members", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  const heard = await client.ask(
    "SUB a q 1\r\nSUB a q 2\r\nSUB a.> q 3\r\nSUB a 4\r\n" + "PUB a 1\r\nx\r\n".repeat(300),
  );
  const counts = ["1", "2", "3", "4"].map((sid) => heard.split(`MSG a ${sid} 1`).length - 1);
  assertEquals(counts[0]! + counts[1]!, 300);
  assertEquals(counts.map((count) => count > 60), [true, true, false, true]);
});

Deno.test("EmbeddedServer passes over a member that cannot take the message", async () => {
  await using server = await EmbeddedServer.start();
  await using mute = await RawClient.greet(server.port, { echo: false });
  await using other = await RawClient.greet(server.port);
  await other.ask("SUB a q 1\r\n");
  await mute.ask("SUB a q 1\r\n" + "PUB a 1\r\nx\r\n".repeat(50));
  assertEquals((await other.ask("")).split("MSG a 1 1").length - 1, 50);
});

Deno.test("EmbeddedServer passes subjects that are not UTF-8 through", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  const heard = await client.ask("SUB \xff\x80.* 1\r\nPUB \xff\x80.\xfe 1\r\n\xfd\r\n");
  assertEquals(heard, "MSG \xff\x80.\xfe 1 1\r\n\xfd\r\n");
});

Deno.test("EmbeddedServer answers PING whatever follows on its line", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  await client.say("PINGabc\r\nping\n");
  assertEquals(await client.until("PONG\r\nPONG\r\n"), "PONG\r\nPONG\r\n");
});

Deno.test("EmbeddedServer takes everything one byte at a time", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  for (const byte of "SUB a 1\r\nPUB a 3\r\nabc\r\n") await client.say(byte);
  assertEquals(await client.ask(""), "MSG a 1 3\r\nabc\r\n");
});
