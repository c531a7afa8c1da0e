/**
 * What is reached for inside the client beyond its public face, all of it in this file and each with its
 * reason. Everything is tested for before it is used: where a later client is built differently, the part
 * is done without, at the price its comment names.
 *
 * @module
 */
import type { Msg, NatsConnection, Status } from "@nats-io/transport-deno";

interface Transport {
  readonly isClosed?: boolean;
  readonly conn?: { setNoDelay?(on: boolean): void };
  readonly socket?: { readonly readyState?: unknown };
}

interface Protocol {
  transport?: Transport;
  listeners?: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[];
  prepare?: () => unknown;
}

interface RawMsg {
  readonly _msg?: { readonly hdr?: number };
  readonly _rdata?: Uint8Array;
}

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
  protocolOf(client)?.transport?.conn?.setNoDelay?.(true);
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
