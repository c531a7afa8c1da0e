import type { Duration } from "../../duration.ts";
import { checkOptions, duration, flag, signal } from "../../options.ts";
import {
  type AnyParams,
  encodeFields,
  type Message,
  type Params,
  type Pattern,
  ReceivedMessage,
  type Schema,
  standardSchema,
  validate,
} from "../../door/mod.ts";
import { ValidationError } from "../../errors.ts";
import { checkName } from "../api/names.ts";
import { keptHeaders } from "../dead/dead_letter.ts";
import { OrderedRead } from "../read/ordered_read.ts";
import { namedStream, Patterns, readNeeds } from "../read/read_stream.ts";
import { OpenStreamReader, type StreamReader } from "../read/stream_reader.ts";
import { schedulesFilter, scheduleSubject } from "../stream/own_subjects.ts";
import type { Stream } from "../stream/stream.ts";
import { Canceller, type ScheduledJob } from "./job.ts";
import { scheduleNeeds, type Scheduling } from "./schedule.ts";
import { nameOf, tokenOf } from "./schedule_name.ts";
import { SchedulingStream } from "./scheduling_stream.ts";
import { readSlot, scheduleIn, type Slot } from "./slot.ts";
import { QueueRead } from "./queue_read.ts";
import { nextOf, type When } from "./when.ts";

/** Options of `js.schedules()`. */
export interface ScheduleListOptions<Body = unknown> {
  /** Checks and types the bodies. For a body that does not fit, `next()` throws, and the next call goes on. */
  readonly schema?: Schema<Body, unknown>;
  /**
   * Whether the schedules come without their bodies.
   *
   * @default {false}
   */
  readonly headersOnly?: boolean;
  /** Ends the list. */
  readonly signal?: AbortSignal;
}

/** Options of `js.scheduled()`. */
export interface ScheduleLookOptions<Body = unknown> {
  /** Checks and types the body. */
  readonly schema?: Schema<Body, unknown>;
  /**
   * How long the call may take, outages included.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/** A schedule in a stream, with the subject, body and headers of the message that will be stored. */
export interface ScheduledMessage<Body = unknown, Values = AnyParams>
  extends Message<Body, Values>, Omit<ScheduledJob, "next"> {
  /** The subject that the message will have. */
  readonly subject: string;
  /**
   * When the message is due; `undefined` if another program has written a schedule of a form that this package does not
   * know.
   */
  readonly when: When | undefined;
  /** When the message is due next; `undefined` if that cannot be computed. */
  readonly next: Date | undefined;
}

/** A schedule of a stream with these subjects. */
export type ScheduledOf<Body, Subject extends string> = ScheduledMessage<
  Body,
  string extends Subject ? AnyParams : Params<Subject>
>;

const QUEUE_RULE = "a work queue must be passed as its declaration: it was passed as its name";
const RULES = { schema: standardSchema, headersOnly: flag, signal };
const LOOK_RULES = { schema: standardSchema, timeout: duration, signal };

/** Starts a reader of the schedules of a stream. */
export function readSchedules<Body, Subject extends string>(
  { api: usual, permit }: Scheduling,
  given: Stream<Subject> | string,
  options: ScheduleListOptions<Body> = {},
): StreamReader<ScheduledOf<Body, Subject>> {
  const { api, name, patterns } = namedStream(usual, given);
  const action = `list the schedules of "${name}"`;
  checkName(action, name);
  checkOptions(action, options, RULES);
  const { schema, headersOnly = false, signal } = options;
  const filters = [schedulesFilter(name)];
  permit(...readNeeds(api, name, filters), ...scheduleNeeds(api, name));
  const making = { stream: SchedulingStream.of(api, name), patterns: new Patterns(patterns) };
  return new OpenStreamReader(api.access, {
    read: typeof given === "object" && given.isWorkQueue
      ? new QueueRead(api, name, schedulesFilter(name), headersOnly)
      : new OrderedRead(api, {
        stream: name,
        filters,
        until: "now",
        headersOnly,
        queueRule: QUEUE_RULE,
      }),
    make: ({ subject, seq, data, headers, time }) =>
      messageOf(making, subject, { seq, data, ...scheduleIn(headers, time.getTime()) }),
    schema,
    signal,
    what: `schedules of "${name}"`,
  });
}

/** Finds one schedule by its name. */
export async function readSchedule<Body, Subject extends string>(
  { api: usual, permit }: Scheduling,
  given: Stream<Subject> | string,
  scheduleName: string,
  lookOptions: ScheduleLookOptions<Body> = {},
): Promise<ScheduledOf<Body, Subject> | undefined> {
  const { api, name, patterns } = namedStream(usual, given);
  const action = `look for a schedule of "${name}"`;
  checkName(action, name);
  checkOptions(action, lookOptions, LOOK_RULES);
  const { schema, ...options } = lookOptions;
  const subject = scheduleSubject(name, tokenOf(action, scheduleName));
  permit(...scheduleNeeds(api, name));
  const stream = SchedulingStream.of(api, name);
  const slot = await readSlot(stream, subject, options);
  const message = slot && messageOf({ stream, patterns: new Patterns(patterns) }, subject, slot);
  if (!message || !schema) return message as ScheduledOf<Body, Subject> | undefined;
  const refusal = ({ issues }: ValidationError) => new ValidationError(issues);
  const valid = await validate(schema, message.body, refusal);
  return message.withBody(valid) as unknown as ScheduledOf<Body, Subject>;
}

/** What it takes to turn a stored schedule into a message. */
interface Making {
  readonly stream: SchedulingStream;
  readonly patterns: Patterns;
}

/** The message that will be stored; `undefined` if the slot holds no schedule, or a cancelled one. */
function messageOf(
  { stream, patterns }: Making,
  slotSubject: string,
  { seq, data, headers, plan }: Slot,
): ReceivedMessage | undefined {
  const subject = headers.get("Nats-Schedule-Target");
  if (!plan || subject === undefined) return undefined;
  const { api } = stream;
  const { when, repeats, first } = plan;
  const token = slotSubject.slice(scheduleSubject(stream.name, "").length);
  const name = nameOf(token);
  const next = repeats ? nextOf(when, api.access.clock.wallTime(), first) : first;
  const pattern: Pattern | undefined = patterns.of(subject);
  const raw = { subject, data, headerBlock: encodeFields(keptHeaders(headers)), replyTo: "" };
  const message = new ReceivedMessage(raw, {
    ...pattern && { params: pattern.read(subject), pattern: pattern.text },
    codecs: api.access,
  });
  const due = repeats ? undefined : first;
  const canceller = new Canceller({ stream, name, token, seq, due });
  return Object.assign(message, {
    name,
    stream: stream.name,
    when,
    next: next === undefined ? undefined : new Date(next),
    cancel: canceller.cancel.bind(canceller),
  });
}
