import {
  connect,
  type ConnectionOptions,
  type NatsConnection,
  wsconnect,
  type WsConnectionOptions,
} from "@nats-io/transport-deno";

/** How bytes travel: the client has a factory of transports for each, and a process has one factory at a time. */
export type TransportKind = "tcp" | "webSocket";

/** Dials of one kind that wait for their transport. */
interface Pending {
  readonly kind: TransportKind;
  /** What the process had before. */
  readonly before: TransportKind;
  count: number;
  readonly over: PromiseWithResolvers<void>;
}

let pending: Pending | undefined;
/**
 * A client that was connected once tells which factory the process has. This one never had a server: a client that had one
 * would keep all that hangs on a stopped broker.
 */
let witness: NatsConnection | undefined;
let witnessing: Promise<void> | undefined;
/** 1 or 2 in turn. */
let lookedAt = 1;

/**
 * Dials once. Between this call and the making of the transport the client takes some turns, in which a connection of
 * another kind would find the wrong factory: these wait for one another. As soon as the transport is made the process has
 * the factory it had, so that a program's own connections come back over their own transport.
 */
export async function dial(
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  await (witnessing ??= makeWitness());
  return await dialInTurn(kind, options);
}

async function makeWitness(): Promise<void> {
  try {
    const client = await dialInTurn("webSocket", acceptingServer());
    await client.close();
    witness = client;
  } catch {
    // another version of the client may ask more of a socket; without a witness the process is taken to have TCP
  }
}

async function dialInTurn(
  kind: TransportKind,
  options: ConnectionOptions | WsConnectionOptions,
): Promise<NatsConnection> {
  while (pending && pending.kind !== kind) await pending.over.promise;
  const mine = pending ??= { kind, before: armed(), count: 0, over: Promise.withResolvers() };
  mine.count++;
  const made = once(() => transportMade(mine));
  if (kind === "webSocket") return await wsconnect(noticing(options, made)).finally(made);
  const connecting = connect(options);
  // a host name is looked up first, which may take long
  if (options.resolve && !hasAddress(options)) void connecting.finally(made).catch(() => {});
  else void someTurns().then(made);
  return await connecting;
}

/** The client asks for a socket in the very turn in which it makes the transport. */
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
  // somebody else may have set another one since
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

/** Whether the server is named by an address, which the client looks up nowhere. */
function hasAddress({ servers }: ConnectionOptions): boolean {
  const [server = ""] = [servers].flat();
  return /^(?:\d+\.\d+\.\d+\.\d+(?::\d+)?|\[.*\](?::\d+)?)$/.test(server);
}

/** Which factory the process has: that of WebSockets reads addresses as URLs, which shows in a list of servers. */
function armed(unknown: TransportKind = "tcp"): TransportKind {
  if (!witness) return unknown;
  // a server that it has is kept as it was read before
  const address = `127.0.0.1:${lookedAt = 3 - lookedAt}`;
  try {
    witness.setServers([address]);
    return witness.getServers()[0]?.src === address ? "tcp" : "webSocket";
  } catch {
    // another version of the client may read it otherwise; thrown behind a dial, it would end the process
    return unknown;
  }
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

/** What a client must hear to be let in. */
const INFO = `INFO ${JSON.stringify({ version: "2.10.0", proto: 1, headers: true })}\r\n`;
/** A client that is not let in gives up after so many milliseconds. */
const PATIENCE = 1_000;

const encoder = new TextEncoder();

type Hear = (event: { readonly data: ArrayBuffer }) => void;

/** A WebSocket that leads nowhere and answers as a server does that lets a client in. */
class AcceptingServer {
  readonly bufferedAmount = 0;
  onclose: ((event: { readonly wasClean: boolean }) => void) | null = null;
  #hear: Hear | null = null;

  set onmessage(hear: Hear | null) {
    this.#hear = hear;
    this.#say(INFO);
  }

  send(): void {
    this.#say("PONG\r\n");
  }

  close(): void {
    this.onclose?.({ wasClean: true });
  }

  /** The client is in the middle of asking. */
  #say(words: string): void {
    queueMicrotask(() => this.#hear?.({ data: encoder.encode(words).buffer }));
  }
}

/** The options of a client that is let in without a server. */
export function acceptingServer(): WsConnectionOptions {
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
