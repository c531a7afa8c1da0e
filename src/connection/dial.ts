import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import type { ConnectionOptions, WsConnectionOptions } from "@nats-io/transport-deno";

/** How bytes travel: the client has a factory of transports for each, and a process has one factory at a time. */
export type TransportKind = "tcp" | "webSocket";

/** Dials that have no transport yet, all of one kind. */
interface Pending {
  readonly kind: TransportKind;
  /** What the process had before. */
  readonly before: TransportKind;
  readonly over: Promise<unknown>;
}

let pending: Pending | undefined;
/** A client that has been connected once: it tells which factory the process has. */
let witness: NatsConnection | undefined;
/** 1 or 2 in turn. */
let lookedAt = 1;

/**
 * Dials once. Between this call and the making of the transport the client takes some turns, in which a connection of
 * another kind would find the wrong factory: these wait for one another. Afterwards the process has the factory it had,
 * so that a program's own connections come back over their own transport.
 */
export async function dial(
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  while (pending && pending.kind !== kind) await pending.over;
  const before = pending?.before ?? armed();
  const connecting = kind === "tcp" ? connect(options) : wsconnect(options);
  const created = options.resolve ? connecting.then(() => {}, () => {}) : someTurns();
  const mine = pending = { kind, before, over: Promise.all([pending?.over, created]) };
  void mine.over.then(() => {
    if (pending !== mine) return;
    pending = undefined;
    // one that somebody else has set since is theirs
    if (before !== kind && armed(kind) === kind) arm(before);
  });
  return witness = await connecting;
}

/** Which factory the process has: that of WebSockets reads addresses as URLs, which shows in a list of servers. */
function armed(unknown: TransportKind = "tcp"): TransportKind {
  if (!witness) return unknown;
  // a server that it has is kept as it was read before
  const address = `127.0.0.1:${lookedAt = 3 - lookedAt}`;
  witness.setServers([address]);
  return witness.getServers()[0]?.src === address ? "tcp" : "webSocket";
}

/** Sets the process's factory. The client sets it first and then looks at the options, which here are refused. */
function arm(kind: TransportKind): void {
  const refused = { servers: "127.0.0.1", port: 1 };
  void (kind === "tcp" ? connect(refused) : wsconnect(refused)).catch(() => {});
}

/** Without an address to look up the client makes its transport two turns after the call. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await undefined;
}
