import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { insideOf } from "../../../src/reach/client_shape.ts";
import { EmbeddedServer } from "../../../src/testing/mod.ts";

// deno-lint-ignore no-explicit-any -- what a client has inside is not in its types
type Parts = any;

/** A real client, with which the test does what it likes. */
async function withClient(
  over: "TCP" | "WebSocket",
  use: (client: NatsConnection, protocol: Parts) => void,
): Promise<void> {
  await using server = await EmbeddedServer.start();
  const common = { resolve: false, reconnect: false, noAsyncTraces: true };
  const wsFactory = () => Promise.resolve({ socket: server.socket(), encrypted: false });
  const client =
    await (over === "TCP"
      ? connect({ ...common, servers: `127.0.0.1:${server.port}` })
      : wsconnect({ ...common, servers: ["ws://in-memory"], wsFactory }));
  try {
    use(client, (client as Parts).protocol);
  } finally {
    await client.close();
  }
}

/** A client whose parts are those of another, but for these; that one stays as it is. */
function changed(protocol: Parts, changes: Record<string, unknown>): NatsConnection {
  const own = Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [
      name,
      { value, writable: true, configurable: true, enumerable: true },
    ]),
  );
  return { protocol: Object.create(protocol, own) } as Parts;
}

/** A part of which one member is another. */
function with_(part: Parts, name: string, value: unknown): Parts {
  return Object.create(part, { [name]: { value, writable: true } });
}

for (const over of ["TCP", "WebSocket"] as const) {
  Deno.test(`insideOf() finds all in a client of today over ${over}, and changes nothing`, () =>
    withClient(over, (client, protocol) => {
      const before = { ...protocol };
      assertStrictEquals(insideOf(client).protocol as unknown, protocol);
      assertEquals(Object.keys(protocol), Object.keys(before));
      for (const [name, value] of Object.entries(before)) {
        assertStrictEquals(protocol[name], value, name);
      }
    }));

  Deno.test(`insideOf() names the part that a client over ${over} has otherwise`, () =>
    withClient(over, (_, protocol) => {
      const { transport, parser, outbound, subscriptions } = protocol;
      const mutants: [part: string, changes: Record<string, unknown>][] = [
        ["transport", { transport: with_(transport, "isClosed", undefined) }],
        ["transport", { transport: with_(transport, "send", undefined) }],
        ["transport", { transport: with_(transport, "disconnect", 7) }],
        ["transport", { transport: with_(transport, "closed", null) }],
        ["connected", { connected: undefined }],
        ["connected", { connected: () => true }],
        ["infoReceived", { infoReceived: 1 }],
        ["outbound", { outbound: undefined }],
        ["outbound", { outbound: with_(outbound, "drain", undefined) }],
        ["parser", { parser: undefined }],
        ["parser", { parser: with_(parser, "parse", undefined) }],
        ["parser", { parser: with_(parser, "state", "0") }],
        ["listeners", { listeners: new Set() }],
        ["listeners", { listeners: Object.freeze([]) }],
        ["subscriptions", { subscriptions: undefined }],
        ["subscriptions", { subscriptions: with_(subscriptions, "get", undefined) }],
        ["subscriptions", { subscriptions: with_(subscriptions, "cancel", undefined) }],
        ...["flushPending", "subscribe", "unsubscribe", "unsub", "flush"].map((
          name,
        ): [string, Record<string, unknown>] => ["protocol", { [name]: undefined }]),
      ];
      if (over === "TCP") {
        const { conn } = transport;
        mutants.push(
          ["transport", { transport: with_(transport, "conn", with_(conn, "read", undefined)) }],
          ["transport", { transport: with_(transport, "conn", with_(conn, "close", 7)) }],
          ["transport", { transport: with_(transport, "conn", undefined) }],
          ["transport", {
            transport: with_(transport, "conn", Object.freeze({ read() {}, close() {} })),
          }],
        );
      } else {
        const { socket } = transport;
        mutants.push(
          ["transport", { transport: with_(transport, "socket", undefined) }],
          ["transport", {
            transport: with_(transport, "socket", with_(socket, "readyState", "1")),
          }],
        );
      }
      assertStrictEquals(insideOf(changed(protocol, {})).fault, undefined);
      for (const [part, changes] of mutants) {
        assertStrictEquals(
          insideOf(changed(protocol, changes)).fault,
          `the NATS client says it is 3.4.0, and its "${part}" is not as in 3.4.0`,
        );
      }
    }));

  Deno.test(`insideOf() takes no client over ${over} of another version, or of none`, () =>
    withClient(over, (_, protocol) => {
      for (const version of ["3.4.1", "3.5.0", "4.0.0", "3.4", ""]) {
        const transport = with_(protocol.transport, "version", version);
        const { fault } = insideOf(changed(protocol, { transport }));
        assertStrictEquals(fault, `the NATS client is ${version}, and 3.4.0 is known`);
      }
      for (const version of [undefined, null, 3.4, ["3.4.0"]]) {
        const transport = with_(protocol.transport, "version", version);
        const { fault } = insideOf(changed(protocol, { transport }));
        assertStrictEquals(fault, "the NATS client tells no version, and 3.4.0 is known");
      }
    }));

  Deno.test(`insideOf() takes no client over ${over} in which nothing can be replaced`, () =>
    withClient(over, (_, protocol) => {
      for (const name of ["outbound", "flushPending", "parser"]) {
        const fixed = Object.create(protocol, { [name]: { value: protocol[name] } });
        assertStringIncludes(insideOf({ protocol: fixed } as Parts).fault!, '"protocol"');
        const read = Object.create(protocol, { [name]: { get: () => protocol[name] } });
        assertStringIncludes(insideOf({ protocol: read } as Parts).fault!, '"protocol"');
      }
      for (const close of [Object.freeze, Object.seal, Object.preventExtensions]) {
        const closed = close(Object.create(protocol));
        assertStringIncludes(insideOf({ protocol: closed } as Parts).fault!, '"protocol"');
      }
    }));
}

Deno.test("insideOf() does without where there is nothing inside, or it cannot be looked at", () => {
  for (const protocol of [undefined, null, 7, {}, { transport: null }]) {
    assertStringIncludes(insideOf({ protocol } as Parts).fault!, "tells no version");
  }
  const secretive = {
    get protocol() {
      throw new Error("private");
    },
  };
  assertStringIncludes(insideOf(secretive as Parts).fault!, "private");
});
