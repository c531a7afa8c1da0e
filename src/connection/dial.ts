import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import type { ConnectionOptions, WsConnectionOptions } from "@nats-io/transport-deno";
import { addServers, aroundTransport } from "./client_dials.ts";

/** How bytes travel: the client has a factory for each, and a process has one factory at a time. */
export type TransportKind = "tcp" | "webSocket";

/**
 * Dials for the first time. Between this call and the creation of the transport the client takes some turns,
 * in which a connection of another kind would set the factory to its own: these wait for one another.
 */
export async function dial(
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  while (pending && pending.kind !== kind) await pending.over;
  armed = kind;
  const connecting = kind === "tcp" ? connect(options) : wsconnect(options);
  const created = options.resolve ? connecting.then(() => {}, () => {}) : someTurns();
  const mine = pending = { kind, over: Promise.all([pending?.over, created]) };
  void mine.over.then(() => {
    if (pending === mine) pending = undefined;
  });
  const client = await connecting;
  aroundTransport(client, (create) => armedWith(kind, create));
  return client;
}

/** Leads a client to these servers as well, from its next dial on. */
export function leadTo(client: NatsConnection, kind: TransportKind, urls: readonly string[]): void {
  armedWith(kind, () => addServers(client, urls));
}

/** Does something with the factory of a kind, and leaves the process with the one it had. */
function armedWith(kind: TransportKind, work: () => void): void {
  const before = armed;
  arm(kind);
  try {
    work();
  } finally {
    if (before) arm(before);
  }
}

let armed: TransportKind | undefined;
let pending: { readonly kind: TransportKind; readonly over: Promise<unknown> } | undefined;

/**
 * Sets the process's transport factory, before every dial: after a `wsconnect` anywhere in the process, a TCP
 * connection would come back through a WebSocket, which is to say never. The client sets it first and then
 * looks at the options, which here are refused.
 */
export function arm(kind: TransportKind): void {
  armed = kind;
  const refused = { servers: "127.0.0.1", port: 1 };
  void (kind === "tcp" ? connect(refused) : wsconnect(refused)).catch(() => {});
}

/** Without an address to look up the client creates its transport two turns after the call. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await undefined;
}
