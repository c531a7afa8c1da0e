/**
 * What tests need from inside the package because no public door shows it, each with the reason. Tests outside of
 * `tests/unit/` import internals from here only, so that moving a source file changes no line of theirs.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-deno";
import type { EmbeddedServer } from "@signalbox/nats/testing";
import { platformClock } from "../../src/clock.ts";
import { Connection } from "../../src/connection/connection.ts";
import { RESUBSCRIBING } from "../../src/connection/refusals.ts";
import { REACH } from "../../src/reach/client_shape.ts";
import { faultOf, isSound } from "../../src/reach/trial.ts";
import { type MovedClock, movedClocks } from "../../src/testing/server/moved_clock.ts";

/** Programs cannot choose the line, so nothing public says which one brokers use. */
export function usesPlainLine(): boolean {
  return !REACH.isWanted;
}

/** Repeats refused subscriptions this often, in milliseconds, during some work: on a real server 30 s are real. */
export async function resubscribingEvery<T>(interval: number, work: () => Promise<T>): Promise<T> {
  const usual = RESUBSCRIBING.interval;
  RESUBSCRIBING.interval = interval;
  try {
    return await work();
  } finally {
    RESUBSCRIBING.interval = usual;
  }
}

/** The clock of a server with moved time: the public face advances it, and neither suspends nor sets it. */
export function clockOf(server: EmbeddedServer): MovedClock {
  return movedClocks.get(server)!;
}

/** Calls back for each message that any broker sends, before the turn's messages are gathered into one write. */
export function onEachPublished(note: () => void): Disposable {
  const { publish } = Connection.prototype;
  Connection.prototype.publish = function (outgoing) {
    note();
    return publish.call(this, outgoing);
  };
  return {
    [Symbol.dispose]() {
      Connection.prototype.publish = publish;
    },
  };
}

/** The trial of a client that a test has changed: brokers try only clients that they made. */
export async function trialOf(
  client: NatsConnection,
): Promise<{ isSound: boolean; fault: string | undefined }> {
  const sound = await isSound(platformClock, client);
  return { isSound: sound, fault: faultOf(client) };
}
