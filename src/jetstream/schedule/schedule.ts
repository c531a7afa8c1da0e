import { within } from "../../deadline.ts";
import { asMilliseconds } from "../../duration.ts";
import { checkOptions, holdsOptions } from "../../options.ts";
import { checkSent, checkSubject, newToken } from "../../door/mod.ts";
import { JetStreamApi } from "../api/js_api.ts";
import { checkName } from "../api/names.ts";
import type { Prepared, ProgramPublisher } from "../publish/program_publisher.ts";
import { ttlText } from "../publish/store_options.ts";
import {
  probeSubject,
  refuseOwn,
  schedulesFilter,
  scheduleSubject,
} from "../stream/own_subjects.ts";
import { declaredConfig, type Stream } from "../stream/stream.ts";
import { OwnJob, type ScheduledJob } from "./job.ts";
import { checkRoom, requireSchedules } from "./schedule_checks.ts";
import { tokenOf } from "./schedule_name.ts";
import {
  SCHEDULE_RULES,
  type ScheduleMessageOptions,
  type ScheduleOptions,
  TIMEOUT,
} from "./schedule_options.ts";
import { type Attempt, ScheduleWriter } from "./schedule_writer.ts";
import { SchedulingStream, streamTaking } from "./scheduling_stream.ts";
import { checkedWhen, type Plan, planOf, type When } from "./when.ts";

/** What scheduling needs from a broker's JetStream. */
export interface Scheduling {
  readonly api: JetStreamApi;
  readonly publisher: ProgramPublisher;
  /** The stream that was declared through the broker and takes this subject. */
  readonly declared: (subject: string) => Stream | undefined;
  /** Adds these subjects to `broker.permissions()`. */
  readonly permit: (...subjects: readonly string[]) => void;
}

/** Schedules a message; resolves once a stream has stored the schedule. */
export async function scheduleMessage(
  scheduling: Scheduling,
  subject: string,
  when: When,
  body: unknown,
  options: ScheduleOptions = {},
): Promise<ScheduledJob> {
  checkSubject("schedule", subject);
  const action = `schedule "${subject}"`;
  refuseOwn(action, subject);
  checkOptions(action, options, SCHEDULE_RULES);
  const asked = checkedWhen(action, when);
  const { name = newToken(), replace: replaces = false, schema, signal, stream: given } = options;
  const token = tokenOf(action, name);
  const place = placeOf(scheduling, action, subject, given);
  const timeout = asMilliseconds(options.timeout) ?? TIMEOUT;
  const { clock } = scheduling.api.access;
  const attempt = { action, timeout, signal, until: clock.now() + timeout };
  const at = calledAt(scheduling);
  const valid = schema && checkSent(schema, body);
  if (valid) await within(valid, { clock, timeout, signal }, action, subject);
  const prepared = preparedFor(scheduling, subject, body, options);
  signal?.throwIfAborted();
  const stream = await streamOf(scheduling, place, subject, attempt);
  const plan = await checkedPlan(stream, subject, asked, at, attempt);
  const writer = new ScheduleWriter(stream, scheduleSubject(stream.name, token), attempt);
  const draft = { prepared, plan, replaces };
  const { seq, next } = await writer.store(draft).catch((error) => {
    // somebody may have changed the stream, so its configuration is asked for again
    stream.forget();
    throw error;
  });
  const due = plan.repeats ? undefined : next;
  return new OwnJob({ stream, name, token, seq, due }, subject, next);
}

/** The message that will be stored, with the headers of the program. */
export function preparedFor(
  { publisher }: Scheduling,
  subject: string,
  body: unknown,
  { headers, ttl }: ScheduleMessageOptions,
): Prepared {
  const prepared = publisher.prepare(subject, body, headers && { headers });
  if (ttl === undefined) return prepared;
  const fields = [...prepared.fields ?? [], ["Nats-Schedule-TTL", ttlText(ttl)] as const];
  return { ...prepared, fields };
}

/** The API and, if known, the stream that a schedule is stored through. */
export interface Place {
  readonly api: JetStreamApi;
  readonly stream: string | undefined;
}

/**
 * The stream that the program names, or else the declared stream that takes the subject.
 *
 * @throws {TypeError} if `given` is not a stream
 */
export function placeOf(
  { api, declared, permit }: Scheduling,
  action: string,
  subject: string,
  given: Stream | string | undefined,
): Place {
  const found = given ?? declared(subject);
  if (holdsOptions(found)) declaredConfig(action, found);
  const name = typeof found === "object" ? found.name : found;
  if (name !== undefined) checkName(action, name);
  const domain = typeof found === "object" ? found.domain : undefined;
  const place = {
    api: domain === undefined ? api : JetStreamApi.of(api.access, domain),
    stream: name,
  };
  if (name === undefined) permit(`${place.api.prefix}.STREAM.NAMES`);
  else permit(...scheduleNeeds(place.api, name));
  return place;
}

/** The stream of a schedule; asks the server if the stream is not known yet. */
export async function streamOf(
  { permit }: Scheduling,
  { api, stream }: Place,
  subject: string,
  { action, timeout, signal }: Attempt,
): Promise<SchedulingStream> {
  requireSchedules(api, action);
  if (stream !== undefined) return SchedulingStream.of(api, stream);
  const name = await streamTaking(api, action, subject, { timeout, signal });
  permit(...scheduleNeeds(api, name));
  return SchedulingStream.of(api, name);
}

/** The subjects that scheduling and cancelling in a stream publish to. */
export function scheduleNeeds({ prefix }: JetStreamApi, stream: string): string[] {
  return [
    `${prefix}.STREAM.INFO.${stream}`,
    `${prefix}.STREAM.MSG.GET.${stream}`,
    schedulesFilter(stream),
    probeSubject(stream, "*"),
  ];
}

/** The time of a program's call, by the clock of this process. */
export function calledAt({ api }: Pick<Scheduling, "api">): number {
  return api.access.clock.now();
}

/** Computes when a message is due by the server's clock; `at` is the time of the call by the clock of this process. */
export async function checkedPlan(
  stream: SchedulingStream,
  subject: string,
  when: When,
  at: number,
  { action, timeout, signal }: Attempt,
): Promise<Plan> {
  const options = { timeout, signal };
  const config = await stream.config(options);
  const now = await stream.time(options);
  const ago = stream.api.access.clock.now() - at;
  // a wait must not be too short: the time at the server is known to within a round trip
  const from = "in" in when ? await stream.latest(options) : now;
  const plan = planOf(action, when, from - ago);
  checkRoom(action, config, subject, plan, now);
  return plan;
}
