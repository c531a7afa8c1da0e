import { asMilliseconds, type Duration } from "../../duration.ts";
import { describe, duration } from "../../options.ts";
import type { ConsumerInfo } from "../api/api_types.ts";
import { JetStreamError, UnavailableError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { isSince } from "../api/version.ts";
import { ask, type ConsumerName, consumerOf, forAll, type Named, type Permit } from "./subjects.ts";

/** The server that first can pause a consumer. */
const SINCE = "2.11";
/** By how much the end of a pause may be wrong as the date here and on the server differ, in milliseconds. */
const TOLERANCE = 1_000;
const NANOSECONDS = 1e6;

/** Has a consumer deliver nothing for so long, or until then; resolves with the end of the pause. */
export async function pauseConsumer(
  api: JetStreamApi,
  given: ConsumerName,
  pause: Duration | Date,
  permit: Permit,
): Promise<Date> {
  const action = "pause a consumer";
  const named = consumerOf(api, action, given);
  const now = api.access.clock.wallTime();
  const until = untilOf(action, pause, now);
  const pauseUntil = (end: Date) =>
    forAll(
      named,
      given,
      (each) => setPause(each, action, { pause_until: end.toISOString() }, permit),
    );
  const [{ paused, pause_remaining = 0 }] = await pauseUntil(until);
  const wanted = until.getTime() - now;
  if (!paused && wanted > TOLERANCE) throw overAlready(action, until);
  if (!paused || pause instanceof Date) return until;
  const missing = wanted - pause_remaining / NANOSECONDS;
  if (Math.abs(missing) < TOLERANCE) return until;
  // the date here is not that of the server
  const end = new Date(until.getTime() + missing);
  await pauseUntil(end);
  return end;
}

function overAlready(action: string, until: Date): JetStreamError {
  const rule = "its end must be to come by the server's clock, and the clock here may be wrong";
  return new JetStreamError(action, `${rule}: ${until.toISOString()}`);
}

/** Has a consumer go on; resolves with whether it was paused. */
export async function resumeConsumer(
  api: JetStreamApi,
  given: ConsumerName,
  permit: Permit,
): Promise<boolean> {
  const action = "resume a consumer";
  const named = consumerOf(api, action, given);
  const { paused } = await ask<ConsumerInfo>(named, "CONSUMER.INFO", permit);
  await forAll(named, given, (each) => setPause(each, action, {}, permit));
  return paused === true;
}

async function setPause(
  named: Named,
  action: string,
  request: object,
  permit: Permit,
): Promise<Pick<ConsumerInfo, "paused" | "pause_remaining">> {
  const { api } = named;
  const version = api.access.serverVersion();
  // the server of another domain may have another version
  if (api.domain === undefined && !isSince(version, SINCE)) {
    const rule = `pauses must be known to the server, since nats-server ${SINCE}: ${version}`;
    throw new UnavailableError(action, rule, undefined, { needs: SINCE });
  }
  return await ask(named, "CONSUMER.PAUSE", permit, request);
}

function untilOf(action: string, pause: Duration | Date, now: number): Date {
  if (pause instanceof Date && pause.getTime() > now) return pause;
  const wrong = pause instanceof Date ? "a Date to come" : duration(pause);
  if (wrong) {
    const found = pause instanceof Date ? String(pause) : describe(pause);
    throw new TypeError(`Cannot ${action} as its end must be ${wrong}, or a Date: ${found}`);
  }
  return new Date(now + asMilliseconds(pause as Duration));
}
