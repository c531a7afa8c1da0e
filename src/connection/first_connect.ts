import type { NatsConnection } from "@nats-io/transport-deno";
import { within } from "../deadline.ts";
import { ConnectionError } from "../errors.ts";
import type { ReconnectDelay } from "./backoff.ts";
import type { BrokerEvent } from "./events.ts";
import { connectFault } from "./faults.ts";
import { withoutQuery } from "./servers.ts";

/** What the first connect goes by. */
export interface FirstConnect {
  readonly urls: readonly string[];
  /** Whether it goes on until a server is there. */
  readonly waits: boolean;
  readonly delay: ReconnectDelay;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  dial(url: string): Promise<NatsConnection>;
  /** A dial that is under way as the waiting ends, and cannot be broken off. */
  left(dialled: Promise<NatsConnection>): void;
  tell(event: BrokerEvent): void;
}

/**
 * Dials each server once, or round after round until one is there.
 *
 * @throws {ConnectionError} where trying again cannot help, where it is not to try again, and once it is ended
 */
export async function firstConnect(way: FirstConnect): Promise<NatsConnection> {
  let last: ConnectionError | undefined;
  for (const told = new Set<string>();;) {
    const outcome = await oneRound(way, last);
    if (!(outcome instanceof ConnectionError)) return outcome;
    last = outcome;
    if (!way.waits || !canPass(outcome)) throw outcome;
    // the same again and again would be a flood of lines
    if (!told.has(outcome.message)) way.tell({ type: "error", error: outcome });
    told.add(outcome.message);
    await pause(way.delay.next(), way.signal);
    if (way.signal.aborted) throw gaveUp(way.urls, outcome);
    way.tell({ type: "reconnecting", attempt: way.delay.attempts });
  }
}

/** One dial after the other, each server once; the client does not tell why all but the last one failed. */
async function oneRound(
  way: FirstConnect,
  last: ConnectionError | undefined,
): Promise<NatsConnection | ConnectionError> {
  const { signal } = way;
  let worst: ConnectionError | undefined;
  for (const url of shuffled(way.urls)) {
    way.delay.dialled();
    const dialled = way.dial(url);
    try {
      const client = await within(dialled, { signal }, "connect");
      if (!signal.aborted) return client;
    } catch (cause) {
      const fault = signal.aborted ? undefined : connectFault(cause, way.urls);
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
  if ((cause as Error | undefined)?.cause instanceof Deno.errors.NotCapable) return false;
  return PASSING.includes(reason);
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

function shuffled(urls: readonly string[]): string[] {
  return urls.map((url) => ({ url, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ url }) => url);
}

/** Resolves after so many milliseconds, or once the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    if (signal.aborted) end();
  });
}
