import type { Msg, NatsConnection, Status } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  addServers,
  aroundTransport,
  hasOpenSocket,
  headerBlockOf,
  readThrough,
  sendWithoutDelay,
  watchDials,
  watchStatus,
  writeThrough,
} from "../../../src/connection/client_internals.ts";

/** A client built otherwise than the one that is known, or in part as it. */
function client(protocol?: unknown, more: object = {}): NatsConnection {
  return { protocol, ...more } as unknown as NatsConnection;
}

const message = (parts: object) => parts as unknown as Msg;
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

Deno.test("watchStatus() tells each change at its moment", () => {
  const listeners: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[] = [];
  const seen: Status[] = [];
  watchStatus(client({ listeners }), (status) => seen.push(status));
  listeners[0]!.push(disconnect);
  assertEquals(seen, [disconnect]);
  listeners[0]!.stop();
});

Deno.test("watchStatus() reads status() where the moment cannot be had", async () => {
  const { promise, resolve } = Promise.withResolvers<Status>();
  async function* status() {
    yield await Promise.resolve(disconnect);
  }
  watchStatus(client({}, { status }), resolve);
  assertEquals(await promise, disconnect);
});

Deno.test("aroundTransport() runs about the creation of each transport and passes its result on", () => {
  const steps: string[] = [];
  const protocol = {
    prepare() {
      steps.push(`create ${this === protocol}`);
      return "prepared";
    },
  };
  aroundTransport(client(protocol), (create) => {
    steps.push("before");
    create();
    steps.push("after");
  });
  assertEquals([protocol.prepare(), protocol.prepare()], ["prepared", "prepared"]);
  const once = ["before", "create true", "after"];
  assertEquals(steps, [...once, ...once]);
});

Deno.test("aroundTransport() does without where there is nothing to go around", () => {
  for (const part of [undefined, {}, { prepare: 7 }]) aroundTransport(client(part), () => {});
});

/** A client whose transports note what is done with them; the last one is `made`. */
function dialling(connect: (...way: unknown[]) => Promise<void>) {
  const steps: string[] = [];
  const protocol: { prepare(): void; transport?: Dialled } = {
    prepare() {
      protocol.transport = {
        connect,
        close: () => Promise.resolve(void steps.push("close")),
      };
    },
  };
  return { steps, protocol };
}

interface Dialled {
  connect(...way: unknown[]): Promise<void>;
  close(): Promise<void>;
}

Deno.test("watchDials() waits before each dial, and tells of each that failed", async () => {
  const refused = new Error("refused");
  const seen: unknown[] = [];
  const { protocol } = dialling((...way) => {
    seen.push(way);
    return Promise.reject(refused);
  });
  const before = () => Promise.resolve(void seen.push("before"));
  watchDials(client(protocol), { before, failed: (error) => seen.push(error) });
  for (let dial = 1; dial <= 2; dial++) {
    protocol.prepare();
    await assertRejects(() => protocol.transport!.connect("a:1", { tls: null }), Error, "refused");
  }
  const once = ["before", ["a:1", { tls: null }], refused];
  assertEquals(seen, [...once, ...once]);
});

Deno.test("watchDials() does not dial a transport that was closed while it waited", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { steps, protocol } = dialling(() => Promise.resolve(void steps.push("dial")));
  watchDials(client(protocol), { before: () => promise, failed() {} });
  protocol.prepare();
  const dialled = assertRejects(() => protocol.transport!.connect(), Error, "closed");
  await protocol.transport!.close();
  resolve();
  await dialled;
  assertEquals(steps, []);
  await protocol.transport!.close();
  assertEquals(steps, ["close"]);
});

Deno.test("watchDials() ends a dial whose socket has closed, and no other", async () => {
  const ended: string[] = [];
  const sockets: PromiseWithResolvers<void>[] = [];
  const protocol = {
    transport: undefined as unknown,
    connectError: ({ message }: Error) => void ended.push(message),
    prepare() {
      const socket = Promise.withResolvers<void>();
      sockets.push(socket);
      protocol.transport = { connect: () => Promise.resolve(), closed: () => socket.promise };
    },
  };
  watchDials(client(protocol), { before: undefined, failed() {} });
  protocol.prepare();
  protocol.prepare();
  sockets[0]!.resolve();
  await sockets[0]!.promise;
  assertEquals(ended, []);
  sockets[1]!.resolve();
  await sockets[1]!.promise;
  assertEquals(ended, ["the socket closed before the server had let us in"]);
});

Deno.test("watchDials() does without where there is nothing to watch", () => {
  for (const transport of [undefined, {}, { connect: 7 }]) {
    const protocol = { transport, prepare: () => "prepared" };
    watchDials(client(protocol), { before: undefined, failed() {} });
    assertEquals(protocol.prepare(), "prepared");
  }
});

Deno.test("addServers() keeps those that the cluster has told of", () => {
  const told = { listen: "c:3" };
  let pool: unknown[] = [{ listen: "a:1" }, told];
  const setServers = (urls: string[]) => {
    pool = urls.map((listen) => ({ listen }));
  };
  const servers = { getServers: () => pool };
  addServers(client({ servers }, { setServers }), ["a:1", "b:2"]);
  assertEquals(pool.slice(0, 2), [{ listen: "a:1" }, { listen: "b:2" }]);
  assertStrictEquals(pool.includes(told), true);
});

Deno.test("addServers() sets the servers where the pool cannot be had", () => {
  const set: string[][] = [];
  for (const protocol of [undefined, {}, { servers: {} }]) {
    addServers(client(protocol, { setServers: (urls: string[]) => set.push(urls) }), ["a:1"]);
  }
  assertEquals(set, [["a:1"], ["a:1"], ["a:1"]]);
});

Deno.test("headerBlockOf() gives the bytes as they came", () => {
  const _rdata = new Uint8Array([1, 2, 3, 4, 5]);
  assertEquals(headerBlockOf(message({ _msg: { hdr: 3 }, _rdata })), new Uint8Array([1, 2, 3]));
  for (const hdr of [0, -1]) {
    assertStrictEquals(headerBlockOf(message({ _msg: { hdr }, _rdata })), undefined);
  }
});

Deno.test("headerBlockOf() encodes the client's headers where the bytes cannot be had", () => {
  const block = new Uint8Array([7]);
  assertStrictEquals(headerBlockOf(message({ headers: { encode: () => block } })), block);
  assertStrictEquals(headerBlockOf(message({ _msg: {}, headers: undefined })), undefined);
});
