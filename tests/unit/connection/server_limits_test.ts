import type { ServerInfo } from "@nats-io/transport-deno";
import { assertEquals } from "@std/assert";
import { serverFacts } from "../../../src/connection/server_limits.ts";

const read = (info: object) => serverFacts(info as Partial<ServerInfo>);

Deno.test("serverFacts() reads what a server says of itself", () => {
  const info = { server_id: "N1", version: "2.15.1", max_payload: 2_048, headers: true };
  assertEquals(read(info), { id: "N1", version: "2.15.1", maxPayload: 2_048, headers: true });
});

Deno.test("serverFacts() takes the usual bound where the server's is none", () => {
  for (const max_payload of ["abc", "2048", -1, 0.5, null, undefined, NaN, Infinity, {}]) {
    assertEquals(read({ max_payload }).maxPayload, 1_048_576);
  }
});

Deno.test("serverFacts() takes nothing but true for headers", () => {
  for (const headers of [false, "true", 1, undefined]) {
    assertEquals(read({ headers }).headers, false);
  }
});
