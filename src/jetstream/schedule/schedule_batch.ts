import { asMilliseconds } from "../../duration.ts";
import { checkOptions, describe } from "../../options.ts";
import { checkSubject, newToken } from "../../door/mod.ts";
import { ConflictError } from "../api/errors.ts";
import {
  type BatchMessage,
  batchOf,
  type BatchOptions,
  checkedBatch,
  prepareMessage,
} from "../publish/batch.ts";
import { AtomicBatch, type StoredBatch } from "../publish/atomic_batch.ts";
import type { Prepared } from "../publish/program_publisher.ts";
import { refuseOwn, scheduleSubject } from "../stream/own_subjects.ts";
import {
  calledAt,
  checkedPlan,
  placeOf,
  preparedFor,
  type Scheduling,
  streamOf,
} from "./schedule.ts";
import { tokenOf } from "./schedule_name.ts";
import { MESSAGE_RULES, type ScheduleMessageOptions, TIMEOUT } from "./schedule_options.ts";
import {
  type Attempt,
  type Draft,
  expected,
  isChange,
  planFields,
  ScheduleWriter,
} from "./schedule_writer.ts";
import type { Slot } from "./slot.ts";
import { checkedWhen, type When } from "./when.ts";

/** Options of a batch message that the stream stores later. */
export interface BatchScheduleOptions extends ScheduleMessageOptions {
  /** When the message is due, as `js.schedule()` takes it. */
  readonly schedule: When;
}

/** A message of a batch that the stream stores later. */
export type BatchSchedule = readonly [
  subject: string,
  body: unknown,
  options: BatchScheduleOptions,
];

/** One entry of a batch: a message that is stored with the batch, or one that is due later. */
export type BatchEntry = BatchMessage | BatchSchedule;

/** A schedule of a batch that is not sent yet. */
interface Entry {
  /** The index of the entry in the batch. */
  readonly at: number;
  readonly writer: ScheduleWriter;
  readonly slotSubject: string;
  readonly draft: Draft;
  /** Whether the name is random, so that no other schedule can have it. */
  readonly isFresh: boolean;
  readonly stream: string;
}

const RULES = { ...MESSAGE_RULES, schedule: () => undefined };
const ACTION = "publish a batch";

/** Publishes a batch that may contain schedules; calls `named` with the subject of its first message. */
export async function publishBatch(
  scheduling: Scheduling,
  messages: readonly BatchEntry[],
  options: BatchOptions,
  named: (subject: string) => void,
): Promise<StoredBatch> {
  const { api, publisher } = scheduling;
  if (!Array.isArray(messages) || !messages.some(isSchedule)) {
    const batch = batchOf(api, publisher, messages as readonly BatchMessage[], options);
    named(batch.subject);
    return await batch.publish();
  }
  checkedBatch(messages as readonly BatchMessage[], options);
  const timeout = asMilliseconds(options.timeout) ?? TIMEOUT;
  const until = api.access.clock.now() + timeout;
  const attempt = { action: ACTION, timeout, until, signal: options.signal };
  refuseTwice(messages);
  // check all entries and encode all bodies before the first request
  const making = messages.map((one, at) =>
    isSchedule(one) ? entryOf(scheduling, one, at, attempt) : prepareMessage(publisher, one)
  );
  named(messages[0]![0]);
  const made = await Promise.all(making.map((one) => typeof one === "function" ? one() : one));
  return await new ScheduleBatch(scheduling, messages, made, { ...options, timeout }, until)
    .publish();
}

/** Tries to store a batch until the schedules that it replaces are the ones that it has read. */
class ScheduleBatch {
  readonly #scheduling: Scheduling;
  readonly #made: readonly (Prepared | Entry)[];
  readonly #entries: readonly Entry[];
  readonly #ids: readonly (string | undefined)[];
  readonly #options: BatchOptions;
  readonly #until: number;
  #conflict: ConflictError | undefined;

  constructor(
    scheduling: Scheduling,
    messages: readonly BatchEntry[],
    made: readonly (Prepared | Entry)[],
    options: BatchOptions,
    until: number,
  ) {
    this.#scheduling = scheduling;
    this.#made = made;
    this.#entries = made.filter((one) => "writer" in one);
    this.#ids = messages.map(([, , each]) => each && "id" in each ? each.id : undefined);
    this.#options = options;
    this.#until = until;
  }

  async publish(): Promise<StoredBatch> {
    const { clock } = this.#scheduling.api.access;
    for (let before: Map<Entry, Slot | undefined> | undefined;;) {
      const found = await this.#read();
      if (before && this.#entries.every((one) => found.get(one)?.seq === before!.get(one)?.seq)) {
        // the schedules are unchanged, so the conflict comes from another expectation of the batch
        throw this.#conflict;
      }
      let stored: StoredBatch;
      try {
        stored = await this.#store(found);
      } catch (error) {
        if (!isChange(error) || clock.now() >= this.#until) throw error;
        this.#conflict = error;
        before = found;
        continue;
      }
      await Promise.all(this.#entries.map((one) => {
        const seq = stored.seq - stored.count + 1 + one.at;
        return one.writer.secure(one.draft, seq, found.get(one));
      }));
      return stored;
    }
  }

  async #read(): Promise<Map<Entry, Slot | undefined>> {
    const found = await Promise.all(this.#entries.map(async (entry) => {
      const slot = entry.isFresh ? undefined : await entry.writer.ready();
      if (slot?.plan && !entry.draft.replaces) {
        refuse('each schedule must have a free name, or "replace": one name is taken');
      }
      if (slot?.plan?.repeats) {
        refuse("it must not replace a repeating schedule: cancel that one first");
      }
      return [entry, slot] as const;
    }));
    return new Map(found);
  }

  #store(found: ReadonlyMap<Entry, Slot | undefined>): Promise<StoredBatch> {
    const { api } = this.#scheduling;
    const prepared = this.#made.map((one): Prepared => {
      if (!("writer" in one)) return one;
      const { draft: { prepared, plan }, slotSubject: subject, stream } = one;
      const fields = [
        ...prepared.fields ?? [],
        ...planFields(prepared.subject, plan),
        ...expected(stream, found.get(one)?.seq ?? 0),
      ];
      return { ...prepared, subject, fields };
    });
    const timeout = Math.max(1, this.#until - api.access.clock.now());
    return new AtomicBatch(api, prepared, { ...this.#options, timeout, ids: this.#ids }).publish();
  }
}

function refuse(rule: string): never {
  throw new ConflictError(ACTION, rule);
}

/** Refuses two schedules of one name, because the second would replace the first. */
function refuseTwice(messages: readonly BatchEntry[]): void {
  const names = messages.filter(isSchedule).map(([, , { name }]) => name);
  const twice = names.find((name, at) => name !== undefined && names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new TypeError(
    `Cannot ${ACTION} as each schedule must have a different name: ${describe(twice)}`,
  );
}

function isSchedule(message: BatchEntry): message is BatchSchedule {
  const [, , options] = Array.isArray(message) ? message : [];
  return typeof options === "object" && options !== null &&
    (options as Partial<BatchScheduleOptions>).schedule !== undefined;
}

/** Checks a schedule and encodes its body; returns a function that finds its stream. */
function entryOf(
  scheduling: Scheduling,
  [subject, body, options]: BatchSchedule,
  at: number,
  attempt: Attempt,
): () => Promise<Entry> {
  checkSubject("schedule", subject);
  const action = `schedule "${subject}"`;
  refuseOwn(action, subject);
  checkOptions(action, options, RULES);
  const when = checkedWhen(action, options.schedule);
  const { name = newToken(), replace: replaces = false } = options;
  const token = tokenOf(action, name);
  const place = placeOf(scheduling, action, subject, undefined);
  const prepared = preparedFor(scheduling, subject, body, options);
  const called = calledAt(scheduling);
  return async () => {
    const stream = await streamOf(scheduling, place, subject, attempt);
    const plan = await checkedPlan(stream, subject, when, called, {
      ...attempt,
      action,
    });
    const slotSubject = scheduleSubject(stream.name, token);
    const writer = new ScheduleWriter(stream, slotSubject, attempt);
    const draft = { prepared, plan, replaces };
    const isFresh = options.name === undefined;
    return { at, writer, slotSubject, draft, isFresh, stream: stream.name };
  };
}
