/**
 * What is reached for inside the client beyond its public face, each part with its reason; there is more in
 * `client_dials.ts`, and `wire_subscriptions.ts` uses what is found here. Everything is tested for before it is used:
 * where a later client is built differently, the part is done without, at the price its comment names.
 *
 * @module
 */
import type { NatsConnection, Status } from "@nats-io/transport-deno";
import { Inbound } from "../wire/inbound.ts";
import { readAll } from "../wire/socket_reader.ts";
import { type Pipe, SocketWriter } from "../wire/socket_writer.ts";
import { protocolOf, type SubscribingProtocol } from "./client_protocol.ts";
import { ClientSubscriptions } from "./client_subscriptions.ts";
import { OddAddresses } from "./odd_addresses.ts";
import type { EntryWatch, Report, Subscriptions } from "./subscriptions.ts";
import { WireSubscriptions } from "./wire_subscriptions.ts";

/** Read once: the class is made when it is first named, and looked up again every time. */
const { CLOSING, CLOSED } = WebSocket;

/**
 * Turns Nagle's algorithm off on the socket of this connect or reconnect; the Deno transport leaves it on
 * and has no option for it. Without it publish and flush ran at 0.28 M messages/s, with it at 0.94 M.
 * A TLS connection has no such switch in Deno.
 */
export function sendWithoutDelay(client: NatsConnection): void {
  try {
    protocolOf(client)?.transport?.conn?.setNoDelay?.(true);
  } catch {
    // the socket has ended already; thrown into the client's dialling, it would close the connection for good
  }
}

/**
 * Puts a writer of ours between the client and the socket. The client encodes, copies and joins what is published piece
 * by piece, and forgets it where the connection breaks; without the writer publishing takes twice as long, and what is
 * handed over just before an outage is lost.
 */
export function writeThrough(client: NatsConnection): SocketWriter | undefined {
  const protocol = protocolOf(client);
  const { outbound, flushPending, connected, infoReceived } = protocol ?? {};
  const isKnown = typeof outbound?.drain === "function" && typeof flushPending === "function" &&
    typeof connected === "boolean" && typeof infoReceived === "boolean";
  if (!protocol || !isKnown) return undefined;
  const writer = new SocketWriter(() =>
    // what is handed to a transport that closes is lost, though it may be told of some turns later
    protocol.connected && protocol.infoReceived && hasOpenSocket(client)
      ? protocol.transport as Pipe
      : undefined
  );
  writer.fill(outbound.drain!());
  protocol.outbound = writer as object;
  protocol.flushPending = writer.flush;
  return writer;
}

/**
 * Reads the socket of this connect or reconnect in the transport's place: what that is given to read with does not come
 * back before the end. Without it everything works, and each read takes longer.
 */
export function readThrough(client: NatsConnection): void {
  const { transport, parser } = protocolOf(client) ?? {};
  const conn = transport?.conn;
  if (typeof conn?.read !== "function" || typeof parser?.parse !== "function") return;
  const read = conn.read.bind(conn);
  conn.read = () => readAll(read, (piece) => parser.parse!(piece));
}

/**
 * Puts a reader of ours before the parser of this connection, and of each that it becomes: the client makes one for every
 * dial. What cannot be read ends the connection, which then comes back; the client would stop to read, and not notice
 * before its pings are not answered. Without it everything else works, and what is received costs more, as does an inbox.
 */
export function listenThrough(
  client: NatsConnection,
  report: Report,
  watch?: EntryWatch,
): Subscriptions {
  const protocol = protocolOf(client);
  const odd = new OddAddresses(report);
  if (!protocol || !isSubscribing(protocol)) {
    return new ClientSubscriptions(client, report, odd, watch);
  }
  const { subscriptions } = protocol;
  const before = (control: SubscribingProtocol["parser"]) =>
    new Inbound(control, {
      addressee: (sid) => subscriptions.get(sid),
      unanswerable: (packet) => odd.drop(packet),
      failed(error) {
        report(error);
        protocol.transport.disconnect();
      },
    });
  let parser = before(protocol.parser);
  Object.defineProperty(protocol, "parser", {
    get: () => parser,
    set: (control) => parser = before(control),
  });
  return new WireSubscriptions(protocol, report, watch);
}

function isSubscribing(protocol: object): protocol is SubscribingProtocol {
  const { transport, parser, subscriptions, subscribe, unsubscribe, unsub, flush } = protocol as {
    [Part in keyof SubscribingProtocol]?: Partial<SubscribingProtocol[Part]>;
  };
  const { get, cancel } = subscriptions ?? {};
  return typeof parser?.state === "number" &&
    [transport?.disconnect, parser.parse, get, cancel, subscribe, unsubscribe, unsub, flush]
      .every((call) => typeof call === "function");
}

/**
 * Asks the server for a sign of life; `answered` is called in the very turn that reads it, as what is read behind it does
 * not belong to what was sent before. Without that, refusals that come close to an answer may be taken for later ones.
 */
export function ask(client: NatsConnection, answered: () => void): Promise<void> {
  const protocol = protocolOf(client);
  if (client.isClosed() || !protocol?.pongs || typeof protocol.flush !== "function") {
    return client.flush().then(answered);
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const tell = () => {
    answered();
    resolve();
  };
  protocol.flush({ resolve: tell, reject });
  return promise;
}

/** Tells those who wait for a ping's answer that it will not come; the client that is closed leaves them waiting. */
export function giveUpPings(client: NatsConnection): void {
  const closed = new Error("the connection was closed");
  for (const pong of protocolOf(client)?.pongs ?? []) pong.reject?.(closed);
}

/** Does what can be done about the socket of this connect or reconnect. */
export function takeSocket(client: NatsConnection): void {
  sendWithoutDelay(client);
  readThrough(client);
  leaveAtOnce(client);
}

/**
 * Has the client leave a dead connection at once. It would have the socket take first what it is being written, which one
 * whose server stands still never does: such a connection would not come back, not even at another server.
 */
export function leaveAtOnce(client: NatsConnection): void {
  const transport = protocolOf(client)?.transport;
  const { disconnect, conn } = transport ?? {};
  if (!transport || typeof disconnect !== "function" || typeof conn?.close !== "function") return;
  transport.disconnect = () => {
    disconnect.call(transport);
    try {
      conn.close!();
    } catch {
      // it has been closed already
    }
  };
}

/**
 * Whether what is published now reaches a socket. The transport knows that its socket has ended some turns
 * before the client notices; what is handed over in between is lost without a word.
 */
export function hasOpenSocket(client: NatsConnection): boolean {
  const transport = protocolOf(client)?.transport;
  const state = transport?.socket?.readyState;
  return transport?.isClosed !== true && state !== CLOSING && state !== CLOSED;
}

/** Whether there is a socket, and its server has let us in. */
export function isConnected(client: NatsConnection): boolean {
  return client.info !== undefined && hasOpenSocket(client);
}

/**
 * Dials again where the connection came back and was gone before the client took notice: it would wait for ever then,
 * as it takes the dial that has just ended for one that is under way.
 */
export function redial(client: NatsConnection | undefined): void {
  if (!client || client.isClosed() || hasOpenSocket(client)) return;
  // what it rejects with has been told as the end of the connection
  protocolOf(client)?.disconnected?.()?.catch(() => {});
}

/**
 * Calls `listener` at the moment of each change; `status()` tells it some turns later, through a queue. What it throws is
 * reported: in the client's own work it would close the connection for good.
 */
export function watchStatus(
  client: NatsConnection,
  listener: (status: Status) => void,
  report: Report,
): void {
  const push = (status: Status) => {
    try {
      listener(status);
    } catch (error) {
      report(error as Error);
    }
  };
  const listeners = protocolOf(client)?.listeners;
  if (Array.isArray(listeners)) {
    listeners.push({ push, stop() {}, iterClosed: Promise.resolve() });
    return;
  }
  (async () => {
    for await (const status of client.status()) push(status);
  })().catch(report);
}
