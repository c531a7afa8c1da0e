import type { BrokerOptions } from "@signalbox/nats";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { Authority } from "../support/certificates.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Operator } from "../support/operator.ts";
import { runProgram } from "../support/program.ts";

const wholeFrontDoor = new URL("../examples/whole_front_door.ts", import.meta.url);
const inMemory = new URL("../examples/in_memory.ts", import.meta.url);

const FRONT_DOOR = `{ kept: true }
Hello, Ada
1
2
said
3
Hello, Bob
read
audit
{ allow: [ "_INBOX.>", "v1.prices.*" ] }
`;

/** Runs it all with just these permissions; gives which of them were asked for, beside what imports ask for. */
async function asked(
  flags: readonly string[],
  server: string,
  options: BrokerOptions = {},
): Promise<readonly string[]> {
  const audit = await Deno.makeTempFile();
  const args = [server, JSON.stringify(options)];
  const env = { DENO_AUDIT_PERMISSIONS: audit };
  const { success, output, errors } = await runProgram(flags, wholeFrontDoor, args, env);
  assert(success, errors);
  assertEquals(output, FRONT_DOOR);
  const lines = (await Deno.readTextFile(audit)).split("\n").filter((line) => line);
  await Deno.remove(audit);
  const found = lines.map((line) => JSON.parse(line));
  return [...new Set(found.map(({ permission, value }) => `${permission} ${value}`))]
    .filter((one) => !one.startsWith("import ")).sort();
}

for (const host of ["127.0.0.1", "localhost"]) {
  onEveryServer(`NatsBroker needs --allow-net=${host}:PORT and nothing else`, async (server) => {
    const address = server.url.replace("nats://127.0.0.1", host);
    assertEquals(await asked([`--allow-net=${address}`], address), [`net ${address}`]);
  });
}

Deno.test("NatsBroker over ws:// needs --allow-net=HOST:PORT and nothing else", async () => {
  await using server = await NatsServer.start({ webSocket: true });
  const { host } = new URL(server.webSocketUrl);
  const found = await asked([`--allow-net=${host}`], server.webSocketUrl);
  // the runtime writes down the URL as well, which the flag covers
  assertEquals(found, [`net ${host}`, `net ${server.webSocketUrl}/`]);
});

Deno.test("NatsBroker with `caFile` and `credsFile` needs --allow-read for them as well", async () => {
  await using authority = await Authority.create();
  const operator = new Operator();
  const config = `tls { ${await authority.serverBlock("127.0.0.1")} }\n${operator.config}`;
  await using server = await NatsServer.start({ config });
  const { caFile } = authority;
  const credsFile = await Deno.makeTempFile({ suffix: ".creds" });
  await Deno.writeTextFile(credsFile, operator.user().creds);
  const { host } = new URL(server.url);
  const flags = [`--allow-net=${host}`, `--allow-read=${caFile},${credsFile}`];
  const found = await asked(flags, server.url, { tls: { caFile }, auth: { credsFile } });
  assertEquals(found, [`net ${host}`, ...[`read ${caFile}`, `read ${credsFile}`].sort()]);
  await Deno.remove(credsFile);
});

Deno.test("TestBroker needs no permission at all", async () => {
  const { success, output, errors } = await runProgram([], inMemory);
  assert(success, errors);
  assertEquals(output, "6\n");
});

Deno.test("The demo runs with --allow-net alone", async () => {
  const demo = new URL("../../src/demo/mod.ts", import.meta.url);
  const { success, output, errors } = await runProgram(["--allow-net=127.0.0.1"], demo);
  assert(success, errors);
  assertMatch(output, /await broker\.newInbox\(\) {3}_CUSTOM_INBOX\.[0-9A-Za-z]{22}\n/);
  assertMatch(output, /Ada {3}Thank you, that is all\.\n {2}Desk {2}Goodbye!\n/);
});
