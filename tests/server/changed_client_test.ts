/** What the client may be like in a later version is tried out before anything is promised. */
import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { trialOf } from "../support/internals.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";

// deno-lint-ignore no-explicit-any
type Inside = any;

/** Tries a client that was changed, as one of a class of its own: what became of others of its class is remembered. */
async function tried(change: (protocol: Inside) => void) {
  await using server = await NatsServer.start();
  const client: NatsConnection = await connect({ servers: server.url, reconnect: false });
  try {
    const { protocol } = client as unknown as { protocol: Inside };
    Object.defineProperty(protocol.transport, "constructor", { value: class {} });
    change(protocol);
    return { ...await trialOf(client), protocol };
  } finally {
    await client.close();
  }
}

const CHANGES: Record<string, (protocol: Inside) => void> = {
  "asks past its commands": (protocol) => {
    protocol.flush = (question: unknown) => {
      protocol.pongs.push(question);
      protocol.transport.send(new TextEncoder().encode("PING\r\n"));
    };
  },
  "settles a question of its own": (protocol) => {
    const { flush } = protocol;
    protocol.flush = () => flush.call(protocol, Promise.withResolvers());
  },
  "subscribes by another list": (protocol) => {
    protocol.subscriptions.get = () => undefined;
  },
  "has a list of listeners that nobody reads": (protocol) => {
    protocol.dispatchStatus = () => {};
  },
  "reads by a parser that it keeps": (protocol) => {
    const { parser } = protocol;
    Object.defineProperty(protocol, "parser", { get: () => parser });
  },
  "does not let its commands be replaced": (protocol) => {
    const { outbound } = protocol;
    Object.defineProperty(protocol, "outbound", { get: () => outbound });
  },
  "has its messages read by another way": (protocol) => {
    const { parser } = protocol;
    const bytes = parser.parse;
    parser.parse = (piece: Uint8Array) => (bytes.call(parser, piece), piece.length);
  },
  "writes lists of frames": (protocol) => {
    const { transport } = protocol;
    const { send } = transport;
    transport.send = (frames: Uint8Array[]) => frames.forEach((one) => send.call(transport, one));
    protocol.flushPending = () => transport.send([protocol.outbound.drain()]);
  },
  "says of an open socket that it is closed": ({ transport }) => {
    Object.defineProperty(transport, "isClosed", { get: () => true, set() {} });
  },
  "does not tell when a write has left": ({ transport }) => {
    Object.defineProperty(transport, "pendingWrite", { value: null, writable: false });
    transport.send = () => {};
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(`faultOf() says why a client that ${name} is not reached into`, async () => {
    const { fault, protocol } = await tried(change);
    assertMatch(fault!, new RegExp(protocol.transport.version.replaceAll(".", "\\.")));
  });
}

Deno.test("isSound() has a client as it is known reached into, and leaves it as it was found", async () => {
  let before: Inside;
  const { isSound, fault, protocol } = await tried(({ outbound, parser, listeners }) => {
    before = { outbound, parser, count: listeners.length };
  });
  assertEquals({ isSound, fault }, { isSound: true, fault: undefined });
  assert(protocol.outbound === before.outbound && protocol.parser === before.parser);
  assertEquals([protocol.listeners.length, protocol.subscriptions.size()], [before.count, 0]);
  assert(!Object.hasOwn(protocol, "flushPending"));
});
