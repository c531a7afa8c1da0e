/**
 * What is reached for inside the client to see to its dials, tested for before it is used; see `client_internals.ts`.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-deno";
import { protocolOf, type Transport } from "./client_protocol.ts";
import { HUNG_UP } from "./verdicts.ts";

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
 * Closes a client for good. Without more than `close` a dial that is about to begin goes on: it makes a connection that
 * nobody ends, and pings over it.
 */
export async function abandon(client: NatsConnection): Promise<void> {
  const protocol = protocolOf(client);
  if (protocol?.prepare) {
    protocol.prepare = () => {
      throw new Error("closed before it was dialled");
    };
  }
  await client.close();
}

/**
 * Lets a client come back from now on that was dialled to stay away; gives whether it does. A client that may come back
 * waits for all of its time where the server hangs up before it has let it in, and does not tell what the server said.
 */
export function letComeBack(client: NatsConnection): boolean {
  const { options } = protocolOf(client) ?? {};
  if (options?.reconnect !== false) return false;
  options.reconnect = true;
  return true;
}

/** What is to be done about each dial of a client. */
export interface DialWatch {
  /** Waited for before the dial, within the time that it has; must not reject. */
  readonly before: (() => Promise<void>) | undefined;
  /** Told why a dial came to nothing: the server's last word, where it has said one. */
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
    const wordBefore = protocol.lastError;
    let isTaken = false;
    transport.closed?.().then((error) => {
      if (protocol.transport !== transport || !protocol.connectError) return;
      const word = protocol.lastError === wordBefore ? undefined : protocol.lastError;
      const why = word ?? error ?? new Error(HUNG_UP);
      // a socket that was never there is told of by the transport itself
      if (isTaken) failed(why);
      protocol.connectError(why);
    }).catch(failed);
    transport.connect = async (...way) => {
      try {
        if (before) await unlessClosed(transport, before);
        await connect.apply(transport, way);
        isTaken = true;
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
 * Has servers dialled that were dialled last in the future, by a clock that has been put back since: the client would
 * wait until that time has come again.
 */
export function forgetFuture(client: NatsConnection): void {
  for (const server of protocolOf(client)?.servers?.getServers?.() ?? []) {
    if (typeof server.lastConnect !== "number" || server.lastConnect <= Date.now()) continue;
    server.lastConnect = 0;
  }
}
