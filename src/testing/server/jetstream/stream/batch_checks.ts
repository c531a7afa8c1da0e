import { ApiError } from "../api/errors.ts";
import { headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import { counted, incrementOf } from "./counter.ts";
import {
  checkLastSequence,
  checkLastSubjectSequence,
  checkSource,
  checkStream,
} from "./expectations.ts";
import { HEADER } from "./header_names.ts";
import { ttlOf } from "./message_ttl.ts";
import { type Rollup, rollupOf } from "./rollup.ts";
import { checkScheduler, scheduled } from "./schedule_checks.ts";
import { checkHeaderSize, checkSize } from "./size.ts";
import { Staged } from "./staged.ts";
import type { StreamState } from "./state.ts";

/** A batch message that passed its checks. */
export interface Checked {
  readonly message: Published;
  readonly rollup: Rollup | undefined;
}

/** Checks all messages of a batch, each as if the earlier ones were stored; throws if one of them is rejected. */
export function checkBatch(
  state: StreamState,
  messages: readonly Published[],
  now: number,
): Checked[] {
  const staged = new Staged();
  return messages.map((message) => checkOne(state, message, staged, now));
}

function checkOne(state: StreamState, given: Published, staged: Staged, now: number): Checked {
  const { config } = state;
  if (headerText(given.headers, HEADER.expectedLastMessageId) !== "") {
    throw new ApiError("batchUnsupportedHeader", HEADER.expectedLastMessageId);
  }
  checkHeaderSize(given);
  const increment = incrementOf(state, given);
  checkStream(state, given);
  checkTtl(state, given);
  checkId(state, given, staged, now);
  checkSource(given);
  let message = counted(state, given, increment, staged);
  checkSize(config, message);
  checkLastSequence(state, message, staged);
  checkLastSubjectSequence(state, message, staged);
  message = { ...message, headers: scheduled(state, message, now) };
  checkScheduler(state, message, staged);
  const rollup = rollupOf(config, message, staged);
  const schedules = headerText(message.headers, HEADER.schedule) !== "";
  staged.add(message.subject, state.sizeOf(message), schedules);
  checkRoom(state, message, staged);
  return { message, rollup };
}

function checkTtl({ config }: StreamState, { headers }: Published): void {
  if (config.allow_msg_ttl) {
    ttlOf(headers);
  } else if (headerText(headers, HEADER.ttl) !== "") {
    throw new ApiError("messageTtlDisabled");
  }
}

function checkId(
  state: StreamState,
  { headers }: Published,
  staged: Staged,
  now: number,
) {
  const id = headerText(headers, HEADER.messageId);
  if (id === "") return;
  const isKnown = state.duplicateOf(headers, now) !== undefined;
  if (isKnown || !staged.note(id)) throw new ApiError("batchDuplicateMessage");
}

function checkRoom({ config, log }: StreamState, { subject, headers }: Published, staged: Staged) {
  if (config.discard !== "new") return;
  if (config.max_msgs > 0 && log.size + staged.size > config.max_msgs) {
    throw new ApiError("streamStoreFailed", "maximum messages exceeded");
  }
  if (config.max_bytes > 0 && log.bytes + staged.bytes > config.max_bytes) {
    throw new ApiError("streamStoreFailed", "maximum bytes exceeded");
  }
  if (!config.discard_new_per_subject || headerText(headers, HEADER.rollup) !== "") return;
  const most = config.max_msgs_per_subject;
  if (most > 0 && log.countOf(subject) + staged.countOf(subject) > most) {
    throw new ApiError("streamStoreFailed", "maximum messages per subject exceeded");
  }
}
