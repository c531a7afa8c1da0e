import type { Clock } from "../clock.ts";
import type { NatsConnection } from "@nats-io/transport-deno";
import { within } from "../deadline.ts";
import { ConnectionError } from "../errors.ts";
import { pause } from "../pause.ts";
import type { ReconnectDelay } from "./backoff.ts";
import { connectFault, lacksPermission } from "./faults.ts";
import { withoutQuery } from "./servers.ts";

/** What the loop needs to connect. */
export interface WayIn {
  readonly clock: Clock;
  /** The servers of a round; the loop dials each once. */
  round(): readonly string[];
  /** The servers to name in the error if none accepts us. */
  readonly urls: readonly string[];
  /** Whether this is a reconnect: then the first round waits like any other, and the loop retries after any error. */
  readonly isReturn: boolean;
  /** Whether the first connect also retries until a server accepts us. */
  readonly waits: boolean;
  readonly delay: ReconnectDelay;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  dial(url: string): Promise<NatsConnection>;
  /** Takes a dial that is still running when the loop ends, as a dial cannot be cancelled. */
  left(dialled: Promise<NatsConnection>): void;
  /** An attempt begins, after its delay. */
  attempt(count: number): void;
  /** A round has failed, and another follows. */
  failed(fault: ConnectionError): void;
}

/**
 * Dials round after round until a server accepts us: for the first connect, and after each loss.
 *
 * @throws {ConnectionError} if a retry cannot help, if it must not retry, or once it is ended
 */
export async function wayIn(way: WayIn): Promise<NatsConnection> {
  let last: ConnectionError | undefined;
  for (let isFirst = true;; isFirst = false) {
    if (!isFirst || way.isReturn) {
      await pause(way.clock, way.delay.next(), way.signal);
      if (way.signal.aborted) throw gaveUp(way.urls, last);
      way.attempt(way.delay.attempts);
    }
    const outcome = await oneRound(way, last);
    if (!(outcome instanceof ConnectionError)) return outcome;
    last = outcome;
    if (!way.isReturn && (!way.waits || !canPass(outcome))) throw outcome;
    way.failed(outcome);
  }
}

/** Dials one server after the other; if all fail, returns the most helpful error. */
async function oneRound(
  way: WayIn,
  last: ConnectionError | undefined,
): Promise<NatsConnection | ConnectionError> {
  const { signal } = way;
  let worst: ConnectionError | undefined;
  for (const url of way.round()) {
    way.delay.dialled();
    const dialled = way.dial(url);
    try {
      const client = await within(dialled, { signal }, "connect");
      if (!signal.aborted) return client;
    } catch (cause) {
      // a cluster may name hundreds of servers: at a reconnect, the error names only the dialled one
      const named = way.isReturn ? [url] : way.urls;
      const fault = signal.aborted ? undefined : connectFault(cause, named);
      if (fault && (!worst || weight(fault) > weight(worst))) worst = fault;
    }
    if (signal.aborted) {
      way.left(dialled);
      throw gaveUp(way.urls, worst ?? last);
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

/** Those that no change on this side, or of the server's configuration, has to end. */
const PASSING = ["refused", "hung-up", "timeout", "stale", "rejected", "limit"];

/** Picks the failure that best shows what to do. */
function weight(fault: ConnectionError): number {
  return WEIGHTS.indexOf(fault.reason) + (canPass(fault) ? 0 : WEIGHTS.length);
}

/** Whether a later retry may succeed without a change on this side. */
function canPass({ reason, cause }: ConnectionError): boolean {
  return PASSING.includes(reason) && !lacksPermission(cause);
}

/** The error of a connect that this side has ended. */
function gaveUp(
  urls: readonly string[],
  cause: ConnectionError | undefined,
): ConnectionError {
  const servers = urls.map(withoutQuery).join(", ");
  const sentence = `Cannot connect to ${servers} as the broker must not be stopped: it is`;
  return new ConnectionError(sentence, "closed", { cause });
}
