import { errors } from "@nats-io/transport-deno";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { clientFault, connectFault } from "../../../src/connection/faults.ts";
import { PermissionError } from "../../../src/errors.ts";

Deno.test("connectFault() names the servers, what must hold, and what the client said", () => {
  const cause = new errors.ConnectionError("connection refused");
  const fault = connectFault(cause, ["a:1", "b:2"]);
  assertStrictEquals(
    fault.message,
    "Cannot connect to a:1, b:2 as a server must be there: connection refused",
  );
  assertEquals([fault.reason, fault.cause], ["refused", cause]);
});

Deno.test("connectFault() tells wrong credentials, silence and TLS apart", () => {
  const reasonOf = (cause: unknown) => connectFault(cause, ["a:1"]).reason;
  assertStrictEquals(reasonOf(new errors.AuthorizationError("no")), "authorization");
  assertStrictEquals(reasonOf(new errors.UserAuthenticationExpiredError("no")), "authorization");
  assertStrictEquals(reasonOf(new errors.TimeoutError()), "timeout");
  assertStrictEquals(reasonOf(new Error("invalid peer certificate: UnknownIssuer")), "tls");
  const below = new Error("received fatal alert: HandshakeFailure");
  assertStrictEquals(reasonOf(new Error("it failed", { cause: below })), "tls");
});

Deno.test("connectFault() takes a cause of any shape", () => {
  for (const cause of [undefined, null, "text", {}]) {
    const fault = connectFault(cause, ["a:1"]);
    assertEquals([fault.reason, fault.cause], ["refused", cause]);
  }
});

Deno.test("clientFault() makes a PermissionError of what the server does not permit", () => {
  for (const operation of ["publish", "subscription"] as const) {
    const cause = new errors.PermissionViolationError("no", operation, "orders.x", undefined);
    const fault = clientFault(cause);
    assertInstanceOf(fault, PermissionError);
    const ours = operation === "publish" ? "publish" : "subscribe";
    assertEquals([fault.operation, fault.subject, fault.cause], [ours, "orders.x", cause]);
  }
});

Deno.test("clientFault() passes on what has no class of its own", () => {
  const error = new errors.ProtocolError("x");
  assertStrictEquals(clientFault(error), error);
});
