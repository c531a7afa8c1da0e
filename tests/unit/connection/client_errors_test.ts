import { errors } from "@nats-io/transport-deno";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { connectError, fromClientError } from "../../../src/connection/client_errors.ts";
import { ConnectionError, PermissionError } from "../../../src/errors.ts";

Deno.test("connectError() names the servers, what must hold, and what the client said", () => {
  const cause = new errors.ConnectionError("connection refused");
  const fault = connectError(cause, ["a:1", "b:2"]);
  assertStrictEquals(
    fault.message,
    "Cannot connect to a:1, b:2 as a server must be reachable: connection refused",
  );
  assertEquals([fault.reason, fault.cause], ["refused", cause]);
});

Deno.test("connectError() tells wrong credentials, silence and TLS apart", () => {
  const reasonOf = (cause: unknown) => connectError(cause, ["a:1"]).reason;
  assertStrictEquals(reasonOf(new errors.AuthorizationError("no")), "authorization");
  assertStrictEquals(reasonOf(new errors.UserAuthenticationExpiredError("no")), "authorization");
  assertStrictEquals(reasonOf(new errors.TimeoutError()), "timeout");
  assertStrictEquals(reasonOf(new Error("invalid peer certificate: UnknownIssuer")), "tls");
  const below = new Error("received fatal alert: HandshakeFailure");
  assertStrictEquals(reasonOf(new Error("it failed", { cause: below })), "tls");
  const client = new errors.ConnectionError("server does not support 'tls'");
  assertStrictEquals(reasonOf(client), "tls");
});

Deno.test("connectError() passes on what is said already", () => {
  const fault = new ConnectionError("no such file", "tls");
  assertStrictEquals(connectError(fault, ["a:1"]), fault);
});

Deno.test("fromClientError() makes a ConnectionError of a refusal", () => {
  const { AuthorizationError, UserAuthenticationExpiredError } = errors;
  for (const cause of [new AuthorizationError("no"), new UserAuthenticationExpiredError("no")]) {
    const fault = fromClientError(cause);
    assertInstanceOf(fault, ConnectionError);
    const sentence = "Cannot stay connected as the server must accept the credentials: no";
    assertEquals([fault.reason, fault.message, fault.cause], ["authorization", sentence, cause]);
  }
});

Deno.test("connectError() takes a cause of any shape", () => {
  for (const cause of [undefined, null, "text", {}]) {
    const fault = connectError(cause, ["a:1"]);
    assertEquals([fault.reason, fault.cause], ["refused", cause]);
  }
});

Deno.test("connectError() takes the name of a host or of a file for no failure of TLS", () => {
  const messages = [
    "failed to lookup address information: tls.handshake.example",
    "connection refused: ssl-certificate.example:4222",
    "no such file or directory (os error 2): readfile '/etc/tls/certificate.pem'",
  ];
  for (const message of messages) {
    const cause = new errors.ConnectionError(message, { cause: new Error(message) });
    assertStrictEquals(connectError(cause, ["tls.example:1"]).reason, "refused", message);
  }
});

Deno.test("connectError() knows what Deno's TLS says of a server without any", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const greeting = (async () => {
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("INFO {}\r\n"));
    await connection.read(new Uint8Array(1_024));
  })();
  const cause = await Deno.connectTls({ hostname, port }).then(async (connection) => {
    using open = connection;
    await open.handshake();
  }).catch((error) => error);
  await greeting;
  assertStrictEquals(connectError(cause, ["a:1"]).reason, "tls", String(cause));
});

Deno.test("fromClientError() makes a PermissionError of what the server does not permit", () => {
  for (const operation of ["publish", "subscription"] as const) {
    const cause = new errors.PermissionViolationError("no", operation, "orders.x", undefined);
    const fault = fromClientError(cause);
    assertInstanceOf(fault, PermissionError);
    const ours = operation === "publish" ? "publish" : "subscribe";
    assertEquals([fault.operation, fault.subject, fault.cause], [ours, "orders.x", cause]);
  }
});

Deno.test("fromClientError() passes on what has no class of its own", () => {
  const error = new errors.ProtocolError("x");
  assertStrictEquals(fromClientError(error), error);
});
