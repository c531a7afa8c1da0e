import { assert, assertEquals, assertMatch } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
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
{ max: -1, ttl: -1 }
`;

for (const host of ["127.0.0.1", "localhost"]) {
  onEveryServer(`NatsBroker needs --allow-net=${host}:PORT and nothing else`, async (server) => {
    const address = server.url.replace("nats://127.0.0.1", host);
    const audit = await Deno.makeTempFile();
    const env = { DENO_AUDIT_PERMISSIONS: audit };
    const { success, output, errors } = await runProgram(
      [`--allow-net=${address}`],
      wholeFrontDoor,
      [address],
      env,
    );
    assert(success, errors);
    assertEquals(output, FRONT_DOOR);
    const asked = new Set<string>();
    for (const line of (await Deno.readTextFile(audit)).split("\n")) {
      const found = line && JSON.parse(line);
      if (found) asked.add(`${found.permission} ${found.value}`);
    }
    await Deno.remove(audit);
    assertEquals([...asked].filter((one) => !one.startsWith("import ")), [`net ${address}`]);
  });
}

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
