import { type Authenticator, errors, type NatsConnection } from "@nats-io/transport-deno";
import { Authentication } from "./authentication.ts";
import type { ReconnectDelay } from "./backoff.ts";
import { abandon, forgetFuture, letComeBack, watchDials } from "./client_dials.ts";
import { isConnected } from "./client_internals.ts";
import { arm, dial, leadTo, type TransportKind } from "./dial.ts";
import type { DialFaults } from "./dial_faults.ts";
import type { EventFeed } from "./events.ts";
import { firstConnect } from "./first_connect.ts";
import {
  clientOptions,
  type ConnectionSettings,
  IN_MEMORY,
  kindOf,
  type SocketSource,
} from "./settings.ts";
import { HUNG_UP } from "./verdicts.ts";
import { leavable } from "./leavable_socket.ts";
import { noting, readAuthority, type SocketFactory, trustingSockets } from "./trust.ts";

/** What a connection lends to its opening. */
export interface Opening {
  readonly settings: ConnectionSettings;
  readonly socket: SocketSource | undefined;
  readonly feed: EventFeed;
  readonly delay: ReconnectDelay;
  /** Told why a dial of one that is to come back came to nothing. */
  readonly faults: DialFaults;
  /** Ends the waiting for a first server, and for credentials. */
  readonly signal: AbortSignal;
  /** A dial that is under way as the waiting ends. */
  left(dialled: Promise<NatsConnection>): void;
}

/**
 * Makes the client's connection, and sees to it that it can come back: with credentials that are asked again, over
 * its own transport, to any of the servers.
 *
 * @throws {ConnectionError}
 */
export async function openClient(opening: Opening): Promise<NatsConnection> {
  const { settings, socket, feed, delay, faults, signal } = opening;
  const kind = kindOf(settings, socket);
  const urls = socket ? [IN_MEMORY] : settings.servers.urls;
  const proof = new Proof(opening);
  let client: NatsConnection | undefined = undefined;
  const ways = {
    prepare() {
      arm(kind);
      if (client) forgetFuture(client);
    },
    delay() {
      if (!client) return 0;
      const wait = delay.next();
      delay.dialled(performance.now() + wait);
      return wait;
    },
    authenticator: proof.authenticator,
  };
  client = await firstConnect({
    urls,
    waits: settings.waitOnFirstConnect,
    delay,
    signal,
    left: opening.left,
    tell: (event) => feed.emit(event),
    async dial(url) {
      const sockets = await socketFactory(opening);
      await proof.refresh?.();
      const noted = kind === "webSocket" ? noting(sockets) : undefined;
      const wsFactory = noted && leavable(noted.factory);
      const options = clientOptions(settings, kind, { ...ways, url, wsFactory });
      const dialled = await dialOnce(kind, options, {
        failure: () => noted?.failure(),
        again: () => delay.dialled(),
      });
      if (isConnected(dialled)) return dialled;
      await abandon(dialled);
      throw new Error("it has hung up at once");
    },
  });
  if (urls.length > 1) leadTo(client, kind, urls);
  watchDials(client, {
    before: proof.opened(),
    failed: (error) => faults.tell(error),
  });
  return client;
}

/** How a WebSocket ends that was reset: what the server had said before may be lost with it. */
const RESET = /connection reset|os error (?:104|54|10054)\b/i;
/** So often it is dialled anew to hear that. */
const RESETS = 2;

/** Dials; where the server hangs up it fails at once, with what the server said. */
async function dialOnce(
  kind: TransportKind,
  options: ReturnType<typeof clientOptions>,
  told: { failure(): Error | undefined; again(): void },
  resets = RESETS,
): Promise<NatsConnection> {
  let client: NatsConnection;
  try {
    client = await dial(kind, { ...options, reconnect: false });
  } catch (error) {
    if (!isWordless(error)) throw error;
    const failure = told.failure();
    if (!RESET.test(failure?.message ?? "") || resets === 0) {
      throw failure ?? new Error(HUNG_UP, { cause: error });
    }
    told.again();
    return await dialOnce(kind, options, told, resets - 1);
  }
  if (letComeBack(client)) return client;
  // one that is built otherwise has to be dialled as it will stay
  await client.close();
  return await dial(kind, options);
}

/** The client has nothing to say of a server that has let its socket in and hung up, but this, without a cause. */
function isWordless(error: unknown): boolean {
  return error instanceof errors.ConnectionError && error.message === "connection refused" &&
    error.cause === undefined;
}

/** How the server is told who we are, at the first connect and at those that follow. */
class Proof {
  readonly authenticator: Authenticator | undefined;
  /** Asks for the credentials, where there is anything to ask. */
  readonly refresh: (() => Promise<void>) | undefined;
  readonly #opening: Opening;
  #isOpen = false;

  constructor(opening: Opening) {
    const { settings: { auth, connectTimeout }, socket, signal } = this.#opening = opening;
    const authentication = new Authentication(auth);
    // a test in memory must neither ask a vault nor read a file
    if (auth === undefined || (socket && authentication.isAsked)) return;
    this.authenticator = (nonce) => this.#whole(() => authentication.answer(nonce));
    // the other half is the server's
    const patience = { timeout: connectTimeout / 2, signal };
    if (authentication.isAsked) this.refresh = () => authentication.refresh(patience);
  }

  /** From now on whatever fails is told, and what was known before is used; it gives what to do before each dial. */
  opened(): (() => Promise<void>) | undefined {
    this.#isOpen = true;
    const { refresh } = this;
    return refresh && (() => refresh().catch((error) => this.#tell(error)));
  }

  #whole<T>(answer: () => T): T | undefined {
    try {
      return answer();
    } catch (error) {
      // an authenticator that throws closes the client for good
      if (!this.#isOpen) throw error;
      this.#tell(error as Error);
    }
  }

  #tell(error: Error): void {
    const { signal, feed } = this.#opening;
    if (!signal.aborted) feed.emit({ type: "error", error });
  }
}

async function socketFactory(
  { settings, socket }: Opening,
): Promise<SocketFactory | undefined> {
  if (socket) return () => Promise.resolve({ socket: socket(), encrypted: false });
  const { servers, tls } = settings;
  if (tls?.caFile === undefined) return undefined;
  const authority = await readAuthority(tls.caFile);
  return servers.kind === "webSocket" ? trustingSockets(authority) : undefined;
}
