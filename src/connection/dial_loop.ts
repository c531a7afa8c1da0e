import type { Clock } from "../clock.ts";
import type { NatsConnection } from "@nats-io/transport-deno";
import { within } from "../deadline.ts";
import { ConnectionError } from "../errors.ts";
import { pause } from "../pause.ts";
import type { ReconnectDelay } from "./backoff.ts";
import { connectFault, lacksPermission } from "./faults.ts";
import { withoutQuery } from "./servers.ts";

/** What a way to a server goes by. */
export interface WayIn {
  readonly clock: Clock;
  /** Which servers a round has, each to be dialled once. */
  round(): readonly string[];
  /** Named where none lets us in. */
  readonly urls: readonly string[];
  /** Whether there was a connection: the first round waits like any other, and it goes on whatever is in the way. */
  readonly isReturn: boolean;
  /** Whether it goes on until a server is there, at the first time, too. */
  readonly waits: boolean;
  readonly delay: ReconnectDelay;
  /** Ends it. */
  readonly signal: AbortSignal;
  dial(url: string): Promise<NatsConnection>;
  /** A dial that is under way as the waiting ends, and cannot be broken off. */
  left(dialled: Promise<NatsConnection>): void;
  /** An attempt begins, after its delay. */
  attempt(count: number): void;
  /** A round has come to nothing, and another follows. */
  failed(fault: ConnectionError): void;
}

/**
 * Dials round after round until a server lets us in: for the first time, and after each loss.
 *
 * @throws {ConnectionError} where trying again cannot help, where it is not to try again, and once it is ended
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

/** One dial after the other; gives what says most where all come to nothing. */
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
      // a cluster may tell of hundreds: at a reconnect, what is dialled is named alone
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

/** Which of several failures says most of what has to be done. */
function weight(fault: ConnectionError): number {
  return WEIGHTS.indexOf(fault.reason) + (canPass(fault) ? 0 : WEIGHTS.length);
}

/** Whether it may be otherwise in a while, with nothing changed on this side. */
function canPass({ reason, cause }: ConnectionError): boolean {
  return PASSING.includes(reason) && !lacksPermission(cause);
}

/** What a connect comes to that was ended from this side. */
function gaveUp(
  urls: readonly string[],
  cause: ConnectionError | undefined,
): ConnectionError {
  const servers = urls.map(withoutQuery).join(", ");
  const sentence = `Cannot connect to ${servers} as the broker must not be stopped: it is`;
  return new ConnectionError(sentence, "closed", { cause });
}
