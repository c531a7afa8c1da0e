import type { MessageLog } from "../stream/message_log.ts";
import type { Stream } from "../stream/stream.ts";
import { readTime } from "../time.ts";
import type { ConsumerConfig } from "./config.ts";
import type { SubjectFilter } from "../stream/subject_filter.ts";

/** Where a consumer starts. */
export interface Start {
  readonly seq: number;
  /** Sequences to deliver before new messages: the last of each subject. */
  readonly picked: readonly number[];
}

/** Finds the start by the deliver policy. */
export function startOf(config: ConsumerConfig, filter: SubjectFilter, stream: Stream): Start {
  const { log } = stream;
  if (config.deliver_policy === "last_per_subject") {
    // every message is the last of its subject
    if (stream.config.max_msgs_per_subject === 1) {
      return { seq: within(log, log.first), picked: [] };
    }
    const picked = filter.lastOfEach(log);
    return { seq: within(log, picked[0] ?? log.last), picked };
  }
  if (config.opt_start_seq > 0) {
    return { seq: Math.max(config.opt_start_seq, log.first), picked: [] };
  }
  return { seq: within(log, wanted(config, filter, log)), picked: [] };
}

function wanted(config: ConsumerConfig, filter: SubjectFilter, log: MessageLog): number {
  switch (config.deliver_policy) {
    case "all":
      return log.first;
    case "last":
      return filter.last(log)?.seq ?? (filter.subjects.length === 0 ? log.last : 0);
    case "by_start_time":
      return fromTime(log.seqAt(readTime(config.opt_start_time!)!), filter, log);
    default:
      return log.last + 1;
  }
}

/** nats-server skips to the first matching message if all of them are later. */
function fromTime(from: number, filter: SubjectFilter, log: MessageLog): number {
  const firsts = filter.subjects.map((subject) => log.next(subject, 0)?.seq ?? 0)
    .filter((first) => first >= from && first < log.last);
  return firsts.length > 0 ? Math.min(...firsts) : from;
}

function within({ first, last }: MessageLog, seq: number): number {
  return first === 0 ? 1 : Math.min(Math.max(seq, first), last + 1);
}
