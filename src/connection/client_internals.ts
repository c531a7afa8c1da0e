/**
 * What is reached for inside the client beyond its public face, all of it in this file and each with its
 * reason. Everything is tested for before it is used: where a later client is built differently, the part
 * is done without, at the price its comment names.
 *
 * @module
 */
import type { Msg, NatsConnection, Status } from "@nats-io/transport-deno";
import { type Read, readAll } from "./socket_reader.ts";
import { type Pipe, SocketWriter } from "./socket_writer.ts";

interface Transport {
  connect?: (...way: unknown[]) => Promise<void>;
  close?: () => Promise<void>;
  closed?: () => Promise<void | Error>;
  readonly isClosed?: boolean;
  readonly conn?: { setNoDelay?(on: boolean): void; read?: Read };
  readonly socket?: { readonly readyState?: unknown };
}

interface Protocol {
  transport?: Transport;
  outbound?: { drain?(): Uint8Array };
  flushPending?: () => void;
  connected?: boolean;
  infoReceived?: boolean;
  listeners?: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[];
  prepare?: () => unknown;
  /** Ends a dial that is under way, and only that. */
  connectError?: ((error: Error) => void) | undefined;
  parser?: { parse?(piece: Uint8Array): void };
  disconnected?: () => Promise<void>;
  servers?: { getServers?(): unknown[] };
}

interface RawMsg {
  readonly _msg?: { readonly hdr?: number };
  readonly _rdata?: Uint8Array;
}

const CLOSED_EARLY = "the socket closed before the server had let us in";
/** Read once: the class is made when it is first named, and looked up again every time. */
const { CLOSING, CLOSED } = WebSocket;

function protocolOf(client: NatsConnection): Protocol | undefined {
  return (client as unknown as { protocol?: Protocol }).protocol;
}

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
    protocol.connected && protocol.infoReceived ? protocol.transport as Pipe : undefined
  );
  writer.fill(outbound.drain!());
  protocol.outbound = writer as object;
  protocol.flushPending = writer.flush;
  return writer;
}

/**
 * Reads the socket of this connect or reconnect in the transport's place: what that is given to read with does not come
 * back before the end. Without it everything works, and each read takes longer. An answer that cannot be parsed ends the
 * connection, which then comes back; the client would stop to read, and not notice before its pings are not answered.
 */
export function readThrough(client: NatsConnection): void {
  const { transport, parser } = protocolOf(client) ?? {};
  const conn = transport?.conn;
  if (typeof conn?.read !== "function" || typeof parser?.parse !== "function") return;
  const read = conn.read.bind(conn);
  conn.read = () => readAll(read, (piece) => parser.parse!(piece));
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

/**
 * Dials again where the connection came back and was gone before the client took notice: it would wait for ever then,
 * as it takes the dial that has just ended for one that is under way.
 */
export function redial(client: NatsConnection | undefined): void {
  if (!client || client.isClosed() || hasOpenSocket(client)) return;
  void protocolOf(client)?.disconnected?.();
}

/**
 * Calls `listener` at the moment of each change; `status()` tells it some turns later, through a queue.
 */
export function watchStatus(client: NatsConnection, listener: (status: Status) => void): void {
  const listeners = protocolOf(client)?.listeners;
  if (Array.isArray(listeners)) {
    listeners.push({ push: listener, stop() {}, iterClosed: Promise.resolve() });
    return;
  }
  void (async () => {
    for await (const status of client.status()) listener(status);
  })();
}

/**
 * Runs `around` about the creation of each transport to come, which is done in one go, so that no other
 * connection can change the process's one transport factory in between. Without it the factory is set when
 * the delay before a dial is asked for, some turns earlier.
 */
export function aroundTransport(
  client: NatsConnection,
  around: (create: () => void) => void,
): void {
  const protocol = protocolOf(client);
  const prepare = protocol?.prepare;
  if (!protocol || typeof prepare !== "function") return;
  protocol.prepare = () => {
    let prepared: unknown;
    around(() => prepared = prepare.call(protocol));
    return prepared;
  };
}

/** What is to be done about each dial of a client. */
export interface DialWatch {
  /** Waited for before the dial, within the time that it has; must not reject. */
  readonly before: (() => Promise<void>) | undefined;
  /** Told why a dial came to nothing. */
  failed(error: unknown): void;
}

/**
 * Watches each dial to come. The client tells of a dial that failed nothing but the next attempt, and what it asks
 * for credentials cannot wait. Without it those of the first connect are used for ever, and a dial whose socket ends
 * before the server has let us in takes all of its time.
 */
export function watchDials(client: NatsConnection, { before, failed }: DialWatch): void {
  aroundTransport(client, (create) => {
    create();
    const protocol = protocolOf(client);
    const transport = protocol?.transport;
    const connect = transport?.connect;
    if (!transport || typeof connect !== "function") return;
    void transport.closed?.().then(() => {
      if (protocol?.transport === transport) protocol.connectError?.(new Error(CLOSED_EARLY));
    });
    transport.connect = async (...way) => {
      try {
        if (before) await unlessClosed(transport, before);
        return await connect.apply(transport, way);
      } catch (error) {
        failed(error);
        throw error;
      }
    };
  });
}

/**
 * Does something before the transport has a socket. It may be closed meanwhile, as time is up or the client is, and
 * a WebSocket's cannot be without a socket: it would wait for the end of one that never was.
 */
async function unlessClosed(transport: Transport, work: () => Promise<void>): Promise<void> {
  const { close } = transport;
  let closed = false;
  transport.close = () => {
    closed = true;
    return Promise.resolve();
  };
  await work();
  transport.close = close!;
  if (closed) throw new Error("closed before it was dialled");
}

/**
 * Tells the client of servers that it did not dial. Those that the cluster has told of stay: `setServers` drops
 * them, and they would be told again only after the next change.
 */
export function addServers(client: NatsConnection, urls: readonly string[]): void {
  const pool = () => protocolOf(client)?.servers?.getServers?.() ?? [];
  const before = [...pool()];
  client.setServers([...urls]);
  const now = pool();
  now.push(...before.filter((server) => !now.includes(server)));
}

/**
 * The header block as it came. The client's own headers would be decoded into a map and encoded again;
 * without the raw bytes they are.
 */
export function headerBlockOf(message: Msg): Uint8Array | undefined {
  const { _msg, _rdata } = message as unknown as RawMsg;
  const length = _msg?.hdr;
  if (typeof length === "number" && _rdata instanceof Uint8Array) {
    return length > 0 ? _rdata.subarray(0, length) : undefined;
  }
  return (message.headers as unknown as { encode(): Uint8Array } | undefined)?.encode();
}
