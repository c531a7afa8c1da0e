import type { ServerInfo } from "@nats-io/transport-deno";
import { assertEquals } from "@std/assert";
import { serverFacts } from "../../../src/connection/server_limits.ts";

const read = (info: object) => serverFacts(info as Partial<ServerInfo>);

Deno.test("serverFacts() reads what a server says of itself", () => {
  const both = { version: "2.15.1", headers: true, jetstream: true };
  const info = { server_id: "N1", max_payload: 2_048, ...both };
  assertEquals(read(info), { id: "N1", maxPayload: 2_048, ...both });
});

Deno.test("serverFacts() takes the usual bound where the server's is none", () => {
  for (const max_payload of ["abc", "2048", -1, 0.5, null, undefined, NaN, Infinity, {}]) {
    assertEquals(read({ max_payload }).maxPayload, 1_048_576);
  }
});

Deno.test("serverFacts() takes nothing but true for headers and JetStream", () => {
  for (const value of [false, "true", 1, undefined]) {
    const { headers, jetstream } = read({ headers: value, jetstream: value });
    assertEquals([headers, jetstream], [false, false]);
  }
});
