import { connect } from "@nats-io/transport-deno";
import { assertEquals } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { runProgram } from "../support/program.ts";
import { ask, createService } from "./max_service.ts";

const SEEN = [
  "max [3,9,4]: 9",
  "max []: 422 An empty list has no largest number",
  'max "nine": 400 The body must be a list of numbers',
  "min [3,9,4]: 3",
  "max: 3 requests, 2 errors",
  "min: 1 requests, 0 errors",
];

onEveryServer("The service of extremes answers and counts", async (server) => {
  const lines: string[] = [];
  await ask(server.url, (line) => lines.push(line));
  assertEquals(lines, SEEN);
});

onEveryServer("The service of extremes serves a client of nats.js", async (server) => {
  await using service = createService(server.url);
  await service.start();
  const client = await connect({ servers: server.url });
  const soon = { timeout: 10_000 };
  try {
    assertEquals((await client.request("max", JSON.stringify([3, 9, 4]), soon)).json(), 9);
    const refused = await client.request("max", JSON.stringify([]), soon);
    assertEquals(refused.headers?.get("Nats-Service-Error-Code"), "422");
    const found = await client.request("$SRV.PING.extremes", "", soon);
    assertEquals(found.json<{ name: string }>().name, "extremes");
  } finally {
    await client.close();
  }
});

Deno.test("The service of extremes is a program, too", async () => {
  const flags = ["--allow-net", "--allow-env=NATS_URL"];
  const { output, errors } = await runProgram(flags, new URL("max_service.ts", import.meta.url));
  assertEquals(output.trimEnd().split("\n"), SEEN, errors);
});
