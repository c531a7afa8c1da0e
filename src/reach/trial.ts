/**
 * Tests the client's internal parts, once for each class of its transport: a part with the known name and shape may
 * still be unused by the client, and then the broker would silently lose answers, refusals and messages.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-deno";
import { type Clock, turn } from "../clock.ts";
import { type CommandQueue, insideOf, type Protocol, type Transport } from "./client_shape.ts";
import { type Commands, triedCommands } from "./trial_commands.ts";
import type { Read } from "../wire/server_stream.ts";

/** How long a client may take to close behind its transport, in milliseconds. */
const CLOSING_TIME = 1_000;

/** The results: `undefined` if all is well, or the part that the client does not use as expected. */
const outcomes = new WeakMap<object, string | undefined>();

/** Why the broker must not use this client's internal parts, as the end of a sentence; `undefined` if it may. */
export function faultOf(client: NatsConnection): string | undefined {
  const { protocol, fault } = insideOf(client);
  if (!protocol) return fault;
  const { version, constructor: key } = protocol.transport;
  // a closed connection needs no test; the public face says so, as the transport may not be built as known
  if (client.isClosed()) return undefined;
  if (!outcomes.has(key)) return `the NATS client ${version} gave no answer when it was tried`;
  const part = outcomes.get(key);
  return part &&
    `the NATS client says it is ${version}, and does not use its "${part}" as that one`;
}

/**
 * Tests the client, unless its class has been tested. Returns whether the client is still usable; after a failed test,
 * leave it and dial another one, whose internal parts the broker does not use.
 */
export async function isSound(clock: Clock, client: NatsConnection): Promise<boolean> {
  const { protocol } = insideOf(client);
  if (!protocol || outcomes.has(protocol.transport.constructor)) return true;
  let part = await faultyPart(clock, client, protocol);
  if (part === "over" && !await closes(clock, client)) part = "isClosed";
  // a server that hangs up or stays silent proves nothing about the client
  if (part === "over" || part === "silence") return true;
  outcomes.set(protocol.transport.constructor, part);
  return part === undefined;
}

/** Whether the client closes soon: a transport that says that it has ended may say so of every connection. */
async function closes(clock: Clock, client: NatsConnection): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, CLOSING_TIME);
  await Promise.race([client.closed(), promise]);
  timer.clear();
  return client.isClosed();
}

async function faultyPart(
  clock: Clock,
  client: NatsConnection,
  protocol: Protocol,
): Promise<string | undefined> {
  const commands = await attempt("outbound", () => triedCommands(client, protocol));
  if (typeof commands === "string") return commands;
  await turn();
  return await attempt("transport", () => triedWire(clock, client, protocol, commands));
}

/** Treats an exception as one more difference from the known client. */
async function attempt<Found>(
  part: string,
  run: () => Promise<Found>,
): Promise<Found | string> {
  try {
    return await run();
  } catch {
    return part;
  }
}

/** How long to wait for the answer, in milliseconds: a server that has just accepted us answers at once. */
const PATIENCE = 5_000;
const PING = new TextEncoder().encode("PING\r\n");
const PONG = "PONG\r\n";
const decoder = new TextDecoder();

/**
 * Sends the ping that the client believes it has sent, and checks that the answer passes every known part. Returns
 * the part that it bypasses, "over" if the connection ends meanwhile, and "silence" if no answer arrives.
 */
async function triedWire(
  clock: Clock,
  client: NatsConnection,
  protocol: Protocol,
  { isAnswered }: Commands,
): Promise<string | undefined> {
  const { transport } = protocol;
  const isOver = () => transport.isClosed || client.isClosed();
  if (isOver()) return "over";
  const reads = countReads(transport);
  const received = observe(protocol, isAnswered);
  const end = Promise.withResolvers<"over" | "silence" | "answered">();
  const timer = clock.setTimeout(() => end.resolve("silence"), PATIENCE);
  const over = () => end.resolve("over");
  client.closed().then(over, over);
  transport.closed().then(over, over);
  received.answered.then(() => end.resolve("answered"));
  try {
    if (!sends(protocol)) return "send";
    const outcome = await end.promise;
    if (outcome === "over") return outcome;
    if (outcome === "silence") {
      const isPassed = received.isOdd || isAnswered() || (reads.count() > 0 && !received.hasRead);
      return isPassed ? "parser" : outcome;
    }
    await turn();
    if (isOver()) return "over";
    if (received.isOdd) return "parser";
    if (!received.isAtOnce) return "flush";
    if (transport.conn && transport.pendingWrite !== null) return "pendingWrite";
    return transport.conn && reads.count() === 0 ? "conn" : undefined;
  } finally {
    timer.clear();
    received.end();
    reads.end();
  }
}

/** Makes the client write by its own code, and checks that the transport shows the pending write of a TCP socket. */
function sends(protocol: Protocol): boolean {
  const { transport } = protocol;
  const own = Object.getOwnPropertyDescriptor(transport, "send");
  const { send } = transport;
  const sent: unknown[] = [];
  transport.send = (...given: [Uint8Array]) => {
    sent.push(...given);
    return Reflect.apply(send, transport, given);
  };
  try {
    (protocol.outbound as CommandQueue).fill(PING);
    protocol.flushPending();
  } finally {
    if (own) Object.defineProperty(transport, "send", own);
    else delete (transport as Partial<Transport>).send;
  }
  const [frame] = sent;
  if (sent.length !== 1 || !(frame instanceof Uint8Array)) return false;
  if (decoder.decode(frame) !== "PING\r\n") return false;
  return !transport.conn || typeof (transport.pendingWrite as Promise<void>)?.then === "function";
}

/** Counts the reads of the TCP socket through the known function. */
function countReads({ conn }: Transport) {
  let count = 0;
  const read: Read | undefined = conn?.read.bind(conn);
  if (conn && read) {
    conn.read = (into) => {
      count++;
      return read(into);
    };
  }
  return {
    count: () => count,
    end() {
      delete (conn as { read?: Read } | undefined)?.read;
    },
  };
}

/** Observes what the client reads. */
function observe(protocol: Protocol, isAnswered: () => boolean) {
  const { parser } = protocol;
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  let text = "";
  const received = {
    answered,
    hasRead: false,
    /** Whether the client uses the parser in an unexpected way. */
    isOdd: false,
    /** Whether the client has settled the flush in the turn that read the answer. */
    isAtOnce: false,
    end: () => void (protocol.parser = parser),
  };
  const parse = (piece: Uint8Array) => {
    const given: unknown = parser.parse(piece);
    received.hasRead = true;
    text += decoder.decode(piece);
    received.isOdd ||= given !== undefined;
    // the same piece may also hold the server's own ping
    if (text.includes(PONG)) {
      text = "";
      received.isAtOnce = isAnswered();
      resolve();
    }
    return given;
  };
  protocol.parser = new Proxy(parser, {
    get(target, name) {
      if (name === "parse") return parse;
      received.isOdd = true;
      const found: unknown = Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
  return received;
}
