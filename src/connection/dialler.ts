import { errors, type NatsConnection } from "@nats-io/transport-deno";
import { CredentialRefresher } from "./auth.ts";
import { REACH } from "../reach/client_shape.ts";
import { isSound } from "../reach/trial.ts";
import type { ReconnectDelay } from "./reconnect_delay.ts";
import { dial } from "./dial.ts";
import {
  cancellable,
  readAuthority,
  RecordedSockets,
  type SocketFactory,
  trustingSockets,
} from "./web_sockets.ts";
import { clientOptions, type ConnectionContext, kindOf, type SocketSource } from "./settings.ts";
import { type AcceptedClient, chooseLine, loadPlainLine } from "./open_line.ts";
import { HUNG_UP, RESET } from "./client_errors.ts";

/** How often to dial a server again that resets its sockets: the next one may deliver its error message. */
const RESETS = 4;

/** Dials servers. Each dial makes a new client, with credentials that are read again. */
export class Dialler {
  readonly #context: ConnectionContext;
  readonly #delay: ReconnectDelay;
  readonly #socket: SocketSource | undefined;
  readonly #credentials: CredentialRefresher | undefined;
  /** Whether a server has ever accepted us. */
  #wasAccepted = false;
  /** Whether a server had TLS: from then on the credentials go to no server without TLS. */
  #wasEncrypted = false;

  constructor(
    context: ConnectionContext,
    delay: ReconnectDelay,
    socket: SocketSource | undefined,
  ) {
    this.#context = context;
    this.#delay = delay;
    this.#socket = socket;
    const { auth } = context.settings;
    const credentials = new CredentialRefresher(auth);
    // an in-memory test must neither call a vault nor read a file
    if (auth === undefined || (socket && credentials.isDynamic)) return;
    this.#credentials = credentials;
  }

  /** Dials this server; rejects with an error of the client or one of ours. */
  async dial(url: string, signal: AbortSignal): Promise<AcceptedClient> {
    const { clock, settings } = this.#context;
    await this.#load();
    const sockets = await this.#sockets();
    await this.#refresh(signal);
    const kind = kindOf(settings, this.#socket);
    const recorded = kind === "webSocket" ? new RecordedSockets(sockets) : undefined;
    const options = clientOptions(settings, kind, {
      url,
      isEncrypted: this.#wasEncrypted,
      authenticator: this.#credentials?.authenticator,
      wsFactory: recorded && cancellable(recorded.factory),
    });
    let isTried = false;
    for (let resets = 0;; resets++) {
      try {
        const client = this.#accept(await dial(clock, kind, options));
        // a client that ends meanwhile counts as accepted: its end is a disconnect, not a failed dial
        if (isTried || await this.#isSound(client)) {
          const accepted = chooseLine(client);
          if (accepted.isPlain) await loadPlainLine();
          return accepted;
        }
        isTried = true;
        // the trial has left the client with a wrong state
        client.close().catch(() => {});
        await loadPlainLine();
      } catch (error) {
        const failure = reasonOf(error, recorded);
        if (recorded?.unmade || resets === RESETS || !isReset(failure)) throw failure;
        this.#delay.dialled();
      }
    }
  }

  /** Loads what this connection will need, before a client could wait for it. */
  async #load(): Promise<void> {
    await this.#context.load?.();
    if (!REACH.isWanted) await loadPlainLine();
  }

  async #isSound(client: NatsConnection): Promise<boolean> {
    return !REACH.isWanted || await isSound(this.#context.clock, client);
  }

  #accept(client: NatsConnection): NatsConnection {
    if (client.isClosed()) throw new Error("it has hung up at once");
    this.#wasAccepted = true;
    const { tls_required, tls_available } = client.info ?? {};
    // the client uses TLS whenever the server offers it
    this.#wasEncrypted ||= tls_required === true || tls_available === true;
    return client;
  }

  /** Reads the credentials again; a reconnect falls back to the old ones. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const { clock, settings: { connectTimeout }, reports } = this.#context;
    if (!this.#credentials?.isDynamic) return;
    try {
      // leave half of the time for the server
      await this.#credentials.refresh({ clock, timeout: connectTimeout / 2, signal });
    } catch (error) {
      if (!this.#wasAccepted || signal.aborted) throw error;
      reports.report(error as Error);
    }
  }

  async #sockets(): Promise<SocketFactory | undefined> {
    const socket = this.#socket;
    if (socket) return () => Promise.resolve({ socket: socket(), encrypted: false });
    const { servers, tls } = this.#context.settings;
    if (tls?.caFile === undefined) return undefined;
    const authority = await readAuthority(tls.caFile);
    return servers.kind === "webSocket" ? trustingSockets(authority) : undefined;
  }
}

/** Why a dial failed, as far as the client or its socket knows. */
function reasonOf(error: unknown, recorded: RecordedSockets | undefined): unknown {
  if (recorded?.unmade) return recorded.unmade;
  return isWordless(error) ? recorded?.failure ?? new Error(HUNG_UP, { cause: error }) : error;
}

function isReset(failure: unknown): boolean {
  return failure instanceof Error && RESET.test(failure.message);
}

/** Whether this is the client's error for a server that accepts the socket and hangs up: it names no cause. */
function isWordless(error: unknown): boolean {
  return error instanceof errors.ConnectionError && error.message === "connection refused" &&
    error.cause === undefined;
}
