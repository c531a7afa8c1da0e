import type { NatsConnection, Status } from "@nats-io/transport-deno";
import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  hasOpenSocket,
  leaveAtOnce,
  readThrough,
  sendWithoutDelay,
  watchStatus,
  writeThrough,
} from "../../../src/connection/client_internals.ts";

/** A client built otherwise than the one that is known, or in part as it. */
function client(protocol?: unknown, more: object = {}): NatsConnection {
  return { protocol, ...more } as unknown as NatsConnection;
}

const disconnect: Status = { type: "disconnect", server: "a:1" };

Deno.test("sendWithoutDelay() turns Nagle's algorithm off on the socket of now", () => {
  const calls: unknown[] = [];
  const conn = {
    setNoDelay(on: boolean) {
      calls.push([this === conn, on]);
    },
  };
  sendWithoutDelay(client({ transport: { conn } }));
  assertEquals(calls, [[true, true]]);
});

Deno.test("sendWithoutDelay() does without where there is no such switch", () => {
  const parts = [undefined, {}, { transport: undefined }, { transport: {} }, {
    transport: { conn: {} },
  }];
  for (const part of parts) sendWithoutDelay(client(part));
});

Deno.test("readThrough() has the parser of now take what the socket of now gives, until its end", async () => {
  const pieces = [1, 2, 3];
  const parsed: number[] = [];
  const conn = {
    read(into: Uint8Array) {
      const piece = pieces.shift();
      if (piece === undefined) return Promise.resolve(null);
      into[0] = piece;
      return Promise.resolve(1);
    },
  };
  const parser = { parse: (piece: Uint8Array) => void parsed.push(...piece) };
  const protocol = { transport: { conn }, parser };
  readThrough(client(protocol));
  protocol.parser = { parse: () => void parsed.push(0) };
  assertStrictEquals(await conn.read(new Uint8Array(0)), null);
  assertEquals(parsed, [1, 2, 3]);
});

Deno.test("readThrough() leaves the reading to a transport that it does not know", () => {
  const read = () => Promise.resolve(null);
  for (const parts of [{}, { transport: { conn: {} } }, { transport: { conn: { read } } }]) {
    readThrough(client(parts));
  }
});

Deno.test("writeThrough() takes over what the client has to say, and its way to the socket", async () => {
  const writes: string[] = [];
  const transport = { send: (bytes: Uint8Array) => writes.push(new TextDecoder().decode(bytes)) };
  const outbound = { drain: () => new TextEncoder().encode("PING\r\n"), size: () => 6 };
  const protocol = { transport, outbound, connected: true, infoReceived: true, flushPending() {} };
  const writer = writeThrough(client(protocol))!;
  writer.publish({ subject: "a", replyTo: "", data: new Uint8Array(0), headerBlock: undefined });
  assertStrictEquals(protocol.outbound, writer as unknown);
  protocol.flushPending();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(writes, ["PING\r\nPUB a 0\r\n\r\n"]);
  protocol.connected = false;
  writer.publish({ subject: "b", replyTo: "", data: new Uint8Array(0), headerBlock: undefined });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertStrictEquals(writes.length, 1);
});

Deno.test("writeThrough() leaves the writing to a client that it does not know", () => {
  const outbound = { drain: () => new Uint8Array(0) };
  for (const parts of [undefined, {}, { outbound }, { outbound, flushPending() {} }]) {
    assertStrictEquals(writeThrough(client(parts)), undefined);
  }
});

Deno.test("leaveAtOnce() closes the socket of a connection that is left, whatever it is being written", () => {
  const steps: string[] = [];
  const conn = {
    close() {
      steps.push("closed");
      throw new Deno.errors.BadResource("closed already");
    },
  };
  const transport = { conn, disconnect: () => void steps.push("left") };
  leaveAtOnce(client({ transport }));
  transport.disconnect();
  assertEquals(steps, ["left", "closed"]);
  for (const parts of [undefined, {}, { transport: {} }, { transport: { disconnect() {} } }]) {
    leaveAtOnce(client(parts));
  }
});

Deno.test("hasOpenSocket() goes by the transport and by the WebSocket's state", () => {
  const open = (transport: unknown) => hasOpenSocket(client({ transport }));
  assertStrictEquals(open({ isClosed: false }), true);
  assertStrictEquals(open({ isClosed: true }), false);
  for (const [state, expected] of [[0, true], [1, true], [2, false], [3, false]] as const) {
    assertStrictEquals(open({ isClosed: false, socket: { readyState: state } }), expected);
  }
  assertStrictEquals(open({ isClosed: true, socket: { readyState: 1 } }), false);
});

Deno.test("hasOpenSocket() takes a client it does not know at its word", () => {
  for (const part of [undefined, {}, { transport: {} }]) {
    assertStrictEquals(hasOpenSocket(client(part)), true);
  }
});

Deno.test("watchStatus() tells each change at its moment, and throws nothing into the client", () => {
  const listeners: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[] = [];
  const seen: Status[] = [];
  const reported: Error[] = [];
  const listen = (status: Status) => {
    seen.push(status);
    throw new Error("a slip");
  };
  watchStatus(client({ listeners }), listen, (error) => void reported.push(error));
  listeners[0]!.push(disconnect);
  assertEquals(seen, [disconnect]);
  assertEquals(reported.map(({ message }) => message), ["a slip"]);
  listeners[0]!.stop();
});

Deno.test("watchStatus() reads status() where the moment cannot be had", async () => {
  const { promise, resolve } = Promise.withResolvers<Status>();
  async function* status() {
    yield await Promise.resolve(disconnect);
  }
  watchStatus(client({}, { status }), resolve, () => {});
  assertEquals(await promise, disconnect);
});
