import type { Clock } from "../clock.ts";
import { errors, type NatsConnection } from "@nats-io/transport-deno";
import { CredentialRefresher } from "./auth.ts";
import { REACH } from "../reach/client_shape.ts";
import { isSound } from "../reach/trial.ts";
import type { ReconnectDelay } from "./reconnect_delay.ts";
import { dial } from "./dial.ts";
import {
  abandonable,
  readAuthority,
  RecordedSockets,
  type SocketFactory,
  trustingSockets,
} from "./web_sockets.ts";
import { clientOptions, type ConnectionSettings, kindOf, type SocketSource } from "./settings.ts";
import { type AcceptedClient, chooseLine, loadPlainLine } from "./open_line.ts";
import { HUNG_UP, RESET } from "./client_errors.ts";

/** How often to dial again to hear these words. */
const RESETS = 4;

/** What dials go by. */
export interface DialContext {
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly delay: ReconnectDelay;
  /** Told of credentials that could not be got, where those of before are used. */
  failed(error: Error): void;
}

/** Dials one server after the other, each as a client of its own: with credentials that are asked for each time. */
export class Dialler {
  readonly #ways: DialContext;
  readonly #socket: SocketSource | undefined;
  readonly #credentials: CredentialRefresher | undefined;
  /** Whether a server has let us in. */
  #wasAccepted = false;
  /** Whether TLS was there once: nothing is said to a server that has lost it. */
  #wasEncrypted = false;

  constructor(ways: DialContext, socket: SocketSource | undefined) {
    this.#ways = ways;
    this.#socket = socket;
    const { auth } = ways.settings;
    const credentials = new CredentialRefresher(auth);
    // a test in memory must neither ask a vault nor read a file
    if (auth === undefined || (socket && credentials.isAsked)) return;
    this.#credentials = credentials;
  }

  /** Dials this server; rejects with whatever has gone wrong, the client's words or ours. */
  async dial(url: string, signal: AbortSignal): Promise<AcceptedClient> {
    const { settings, delay } = this.#ways;
    if (!REACH.isWanted) await loadPlainLine();
    const sockets = await this.#sockets();
    await this.#refresh(signal);
    const kind = kindOf(settings, this.#socket);
    const noted = kind === "webSocket" ? new RecordedSockets(sockets) : undefined;
    const options = clientOptions(settings, kind, {
      url,
      isEncrypted: this.#wasEncrypted,
      authenticator: this.#credentials?.answer,
      wsFactory: noted && abandonable(noted.factory),
    });
    let isTried = false;
    for (let resets = 0;; resets++) {
      try {
        const client = this.#accept(await dial(kind, options));
        // one that ends meanwhile was let in all the same: it is a loss, and no dial that came to nothing
        if (isTried || await this.#isSound(client)) {
          const accepted = chooseLine(client);
          if (!accepted.protocol) await loadPlainLine();
          return accepted;
        }
        isTried = true;
        // what it was led to believe cannot be taken back
        client.close().catch(() => {});
        await loadPlainLine();
      } catch (error) {
        if (noted?.unmade) throw noted.unmade;
        const failure = isWordless(error)
          ? noted?.failure ?? new Error(HUNG_UP, { cause: error })
          : error;
        if (resets === RESETS || !isReset(failure)) throw failure;
        delay.dialled();
      }
    }
  }

  async #isSound(client: NatsConnection): Promise<boolean> {
    return !REACH.isWanted || await isSound(this.#ways.clock, client);
  }

  #accept(client: NatsConnection): NatsConnection {
    if (client.isClosed()) throw new Error("it has hung up at once");
    this.#wasAccepted = true;
    const { tls_required, tls_available } = client.info ?? {};
    // the client goes over to TLS wherever a server has it
    this.#wasEncrypted ||= tls_required === true || tls_available === true;
    return client;
  }

  /** Before the first time there are no others to go by. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const { clock, settings: { connectTimeout }, failed } = this.#ways;
    if (!this.#credentials?.isAsked) return;
    try {
      // the other half is the server's
      await this.#credentials.refresh({ clock, timeout: connectTimeout / 2, signal });
    } catch (error) {
      if (!this.#wasAccepted || signal.aborted) throw error;
      failed(error as Error);
    }
  }

  async #sockets(): Promise<SocketFactory | undefined> {
    const socket = this.#socket;
    if (socket) return () => Promise.resolve({ socket: socket(), encrypted: false });
    const { servers, tls } = this.#ways.settings;
    if (tls?.caFile === undefined) return undefined;
    const authority = await readAuthority(tls.caFile);
    return servers.kind === "webSocket" ? trustingSockets(authority) : undefined;
  }
}

function isReset(failure: unknown): boolean {
  return failure instanceof Error && RESET.test(failure.message);
}

/** The client has nothing to say of a server that has let its socket in and hung up, but this, without a cause. */
function isWordless(error: unknown): boolean {
  return error instanceof errors.ConnectionError && error.message === "connection refused" &&
    error.cause === undefined;
}
