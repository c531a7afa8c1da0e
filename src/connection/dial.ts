import {
  connect,
  type ConnectionOptions,
  type NatsConnection,
  wsconnect,
  type WsConnectionOptions,
} from "@nats-io/transport-deno";
import type { Clock } from "../clock.ts";

/** How bytes travel. The client has a factory of transports for each kind, and a process has one factory at a time. */
export type TransportKind = "tcp" | "webSocket";

/** Dials of one kind that wait for their transport. */
interface Pending {
  readonly kind: TransportKind;
  /** The factory that the process had before. */
  readonly before: TransportKind;
  count: number;
  readonly over: PromiseWithResolvers<void>;
}

let pending: Pending | undefined;
/**
 * A client that was connected once and shows which factory the process has. It never had a real server, as such a client
 * would keep a stopped broker in memory.
 */
let witness: NatsConnection | undefined;
let witnessing: Promise<void> | undefined;
/** Alternates between 1 and 2. */
let lookedAt = 1;

/**
 * Dials once. The client makes its transport some turns after this call; a dial of another kind in between would find
 * the wrong factory, so such dials wait for each other. A program's own connections do not wait: each dial begins in a
 * turn of the event loop in which nothing else runs, unlike one in which several sockets have news. As soon as the
 * transport is made, the process gets its former factory back, so that those connections reconnect over their own.
 */
export async function dial(
  clock: Clock,
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  await (witnessing ??= makeWitness(clock));
  return await dialInTurn(clock, kind, options);
}

async function makeWitness(clock: Clock): Promise<void> {
  try {
    const client = await dialInTurn(clock, "webSocket", acceptingServer());
    await client.close();
    witness = client;
  } catch {
    // another version of the client may need more of a socket; without a witness assume that the process has TCP
  }
}

async function dialInTurn(
  clock: Clock,
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  await clock.inRealTime(0);
  while (pending && pending.kind !== kind) {
    await pending.over.promise;
    await clock.inRealTime(0);
  }
  const mine = pending ??= { kind, before: armed(), count: 0, over: Promise.withResolvers() };
  mine.count++;
  const made = once(() => transportMade(mine));
  if (kind === "webSocket") return await wsconnect(noticing(options, made)).finally(made);
  const connecting = connect(options);
  // the client looks a host name up first, which may take long
  if (options.resolve && !hasAddress(options)) void connecting.finally(made).catch(() => {});
  else void someTurns().then(made);
  return await connecting;
}

/** Calls `made` when the client asks for a socket, as it makes the transport in the same turn. */
function noticing(options: WsConnectionOptions, made: () => void): WsConnectionOptions {
  const { wsFactory } = options;
  if (!wsFactory) return options;
  return {
    ...options,
    wsFactory(...asked) {
      made();
      return wsFactory(...asked);
    },
  };
}

function transportMade(mine: Pending): void {
  if (--mine.count > 0) return;
  pending = undefined;
  const { kind, before, over } = mine;
  // the program may have set another factory since
  if (before !== kind && armed(kind) === kind) arm(before);
  over.resolve();
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}

/** Whether the server has an IP address, so that the client needs no lookup. */
function hasAddress({ servers }: ConnectionOptions): boolean {
  const [server = ""] = [servers].flat();
  return /^(?:\d+\.\d+\.\d+\.\d+(?::\d+)?|\[.*\](?::\d+)?)$/.test(server);
}

/** Which factory the process has: the one for WebSockets parses addresses as URLs, which a list of servers shows. */
function armed(unknown: TransportKind = "tcp"): TransportKind {
  if (!witness) return unknown;
  // the client does not parse an address again that it has already
  const address = `127.0.0.1:${lookedAt = 3 - lookedAt}`;
  try {
    witness.setServers([address]);
    return witness.getServers()[0]?.src === address ? "tcp" : "webSocket";
  } catch {
    // another version of the client may parse it differently; an exception here would end the process
    return unknown;
  }
}

/** Sets the process's factory: the client sets it before it checks the options, and refuses these. */
function arm(kind: TransportKind): void {
  const refused = { servers: "127.0.0.1", port: 1 };
  void (kind === "tcp" ? connect(refused) : wsconnect(refused)).catch(() => {});
}

/** Without a lookup the client makes its transport two turns after the call; waits some more. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await undefined;
}

/** The server's first line, which a client waits for. */
const INFO = `INFO ${JSON.stringify({ version: "2.10.0", proto: 1, headers: true })}\r\n`;
/** After how many milliseconds the client stops waiting. */
const PATIENCE = 1_000;

const encoder = new TextEncoder();

type Receive = (event: { readonly data: ArrayBuffer }) => void;

/** A WebSocket without a network, which answers like a server that accepts the client. */
class AcceptingServer {
  readonly bufferedAmount = 0;
  onclose: ((event: { readonly wasClean: boolean }) => void) | null = null;
  #receive: Receive | null = null;

  set onmessage(receive: Receive | null) {
    this.#receive = receive;
    this.#answer(INFO);
  }

  send(): void {
    this.#answer("PONG\r\n");
  }

  close(): void {
    this.onclose?.({ wasClean: true });
  }

  /** Answers in a later turn, as the client is still in its own call. */
  #answer(text: string): void {
    queueMicrotask(() => this.#receive?.({ data: encoder.encode(text).buffer }));
  }
}

/** Options that connect a client without a server. */
function acceptingServer(): WsConnectionOptions {
  const socket = new AcceptingServer() as unknown as WebSocket;
  const wsFactory = () => Promise.resolve({ socket, encrypted: false });
  return {
    servers: "ws://localhost",
    resolve: false,
    reconnect: false,
    timeout: PATIENCE,
    wsFactory,
  };
}
