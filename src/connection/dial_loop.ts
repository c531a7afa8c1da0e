import type { Clock } from "../clock.ts";
import { pause, within } from "../deadline.ts";
import { ConnectionError } from "../errors.ts";
import { ReconnectDelay } from "./reconnect_delay.ts";
import { connectError, lacksPermission } from "./client_errors.ts";
import { ServerPool, withoutQuery } from "./servers.ts";
import type { AcceptedClient } from "./open_line.ts";
import type { Dialler } from "./dialler.ts";
import { type ConnectionContext, IN_MEMORY, type SocketSource } from "./settings.ts";

/** How the loop dials, and whom it informs. */
export interface DialPlan<Client> {
  readonly clock: Clock;
  /** The servers of a round; the loop dials each once. */
  round(): readonly string[];
  /** The servers to name in the error if none accepts us. */
  readonly urls: readonly string[];
  /** Whether this is a reconnect: then the first round waits like any other, and the loop retries after any error. */
  readonly isReconnect: boolean;
  /** Whether the first connect also retries until a server accepts us. */
  readonly waits: boolean;
  readonly delay: ReconnectDelay;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  dial(url: string): Promise<Client>;
  /** Takes a dial that is still running when the loop ends, as a dial cannot be cancelled. */
  stillRunning(dialled: Promise<Client>): void;
  /** An attempt begins, after its delay. */
  attempt(count: number): void;
  /** A round has failed, and another follows. */
  failed(error: ConnectionError): void;
}

/**
 * Dials round after round until a server accepts us: for the first connect, and after each loss.
 *
 * @throws {ConnectionError} if a retry cannot help, if it must not retry, or once it is stopped
 */
export async function dialUntilAccepted<Client extends object>(
  plan: DialPlan<Client>,
): Promise<Client> {
  let last: ConnectionError | undefined;
  for (let isFirst = true;; isFirst = false) {
    if (!isFirst || plan.isReconnect) {
      await pause(plan.clock, plan.delay.next(), plan.signal);
      if (plan.signal.aborted) throw stopped(plan.urls, last);
      plan.attempt(plan.delay.attempts);
    }
    const outcome = await oneRound(plan, last);
    if (!(outcome instanceof ConnectionError)) return outcome;
    last = outcome;
    if (!plan.isReconnect && (!plan.waits || !canPass(outcome))) throw outcome;
    plan.failed(outcome);
  }
}

/** Dials one server after the other; if all fail, returns the most helpful error. */
async function oneRound<Client extends object>(
  plan: DialPlan<Client>,
  last: ConnectionError | undefined,
): Promise<Client | ConnectionError> {
  const { signal } = plan;
  let worst: ConnectionError | undefined;
  for (const url of plan.round()) {
    plan.delay.dialled();
    const dialled = plan.dial(url);
    try {
      const client = await within(dialled, { signal }, "connect");
      if (!signal.aborted) return client;
    } catch (cause) {
      // a cluster may name hundreds of servers: at a reconnect, the error names only the dialled one
      const named = plan.isReconnect ? [url] : plan.urls;
      const error = signal.aborted ? undefined : connectError(cause, named);
      if (error && (!worst || weight(error) > weight(worst))) worst = error;
    }
    if (signal.aborted) {
      plan.stillRunning(dialled);
      throw stopped(plan.urls, worst ?? last);
    }
  }
  return worst!;
}

const WEIGHTS = [
  "refused",
  "hung-up",
  "timeout",
  "stale",
  "rejected",
  "limit",
  "tls",
  "certificate",
  "authorization",
];

/** Reasons that may pass without a change on this side or in the server's configuration. */
const PASSING = ["refused", "hung-up", "timeout", "stale", "rejected", "limit"];

/** Picks the failure that best shows what to do. */
function weight(error: ConnectionError): number {
  return WEIGHTS.indexOf(error.reason) + (canPass(error) ? 0 : WEIGHTS.length);
}

/** Whether a later retry may succeed without a change on this side. */
function canPass({ reason, cause }: ConnectionError): boolean {
  return PASSING.includes(reason) && !lacksPermission(cause);
}

/** The error of a connect that this side has stopped. */
function stopped(
  urls: readonly string[],
  cause: ConnectionError | undefined,
): ConnectionError {
  const servers = urls.map(withoutQuery).join(", ");
  const sentence = `Cannot connect to ${servers} as the broker was stopped`;
  return new ConnectionError(sentence, "closed", { cause });
}

/** Connects and reconnects: chooses the servers, waits between dials, and reports what fails. */
export class DialLoop {
  readonly #context: ConnectionContext;
  readonly #delay: ReconnectDelay;
  /** Dials and clients that still have to end. */
  readonly #closings = new Set<Promise<unknown>>();
  #trying = new AbortController();
  #pool: ServerPool;
  #dialler: Promise<Dialler> | undefined;

  constructor(context: ConnectionContext) {
    const { clock, settings } = this.#context = context;
    this.#delay = new ReconnectDelay(clock, settings.reconnect);
    this.#pool = new ServerPool(clock, settings.servers.urls);
  }

  /** Connects for the first time, through `socket` if there is one. */
  connect(socket: SocketSource | undefined): Promise<AcceptedClient> {
    const { clock, settings, reports } = this.#context;
    this.#trying = new AbortController();
    this.#pool = new ServerPool(clock, socket ? [IN_MEMORY] : settings.servers.urls);
    // loaded here, as an import of the package must not wait for what only a dial needs
    this.#dialler = import("./dialler.ts").then(({ Dialler }) =>
      new Dialler(this.#context, this.#delay, socket)
    );
    reports.forgetDialErrors();
    return this.#dial(false, (error) => reports.connectError(error));
  }

  /** Connects again after a loss; resolves with `undefined` once the loop is stopped. */
  async reconnect(): Promise<AcceptedClient | undefined> {
    const { signal } = this.#trying;
    try {
      const accepted = await this.#dial(
        true,
        (error) => this.#context.reports.reconnectError(error),
      );
      if (!signal.aborted) return accepted;
      this.closing(accepted.client.close());
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Takes the servers that a server announces. */
  learnServers(addresses: unknown): void {
    this.#pool.learn(addresses);
  }

  connected(): void {
    this.#delay.connected();
    this.#context.reports.forgetDialErrors();
  }

  disconnected(): void {
    this.#delay.lost();
  }

  /** Stops dialling. */
  stop(): void {
    this.#trying.abort();
  }

  /** Keeps track of something that ends by itself. */
  closing(leaving: Promise<unknown>): void {
    const left = leaving.catch(() => {}).finally(() => this.#closings.delete(left));
    this.#closings.add(left);
  }

  /** Resolves once all of that has ended: a test would report a dial that still runs as an open socket. */
  async allClosed(): Promise<void> {
    await Promise.all(this.#closings);
  }

  #dial(isReconnect: boolean, failed: (error: ConnectionError) => void): Promise<AcceptedClient> {
    const [pool, dialler, { signal }] = [this.#pool, this.#dialler!, this.#trying];
    return dialUntilAccepted({
      clock: this.#context.clock,
      round: () => isReconnect ? [pool.leastRecentlyDialled()] : pool.shuffled(),
      urls: pool.urls,
      isReconnect,
      waits: this.#context.settings.waitOnFirstConnect,
      delay: this.#delay,
      signal,
      async dial(url) {
        pool.dialled(url);
        return await (await dialler).dial(url, signal);
      },
      stillRunning: (dialled) => this.closing(dialled.then(({ client }) => client.close())),
      attempt: (attempt) => this.#context.feed.emit({ type: "reconnecting", attempt }),
      failed,
    });
  }
}

/** Lets callers wait until the connection is open again, or closed for good. */
export class ConnectionGate {
  #next = ConnectionGate.#begin();

  /** Resolves once the connection is open; rejects once it is closed for good. */
  get whenOpen(): Promise<void> {
    return this.#next.promise;
  }

  /** The connection is open. */
  open(): void {
    this.#next.resolve();
  }

  /** The connection has broken, and may come back. */
  shut(): void {
    this.#next = ConnectionGate.#begin();
  }

  /** The connection is closed for good: rejects all waiting callers. */
  fail(error: Error): void {
    this.#next.reject(error);
    this.shut();
  }

  static #begin(): PromiseWithResolvers<void> {
    const next = Promise.withResolvers<void>();
    // most of the time nobody waits
    next.promise.catch(() => {});
    return next;
  }
}
