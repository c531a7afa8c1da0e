import { UnknownOutcomeError } from "../api/errors.ts";
import { isChange, type ScheduleWriter } from "./schedule_writer.ts";
import type { CancelledSchedule } from "./slot.ts";

/** The schedule to cancel. */
export interface Cancellation {
  readonly seq: number;
  /** When the schedule is due, in milliseconds since 1970; `undefined` if it repeats. */
  readonly due: number | undefined;
  readonly action: string;
  readonly subject: string;
}

/**
 * Cancels this schedule, and no other schedule of the same name. Returns `true` if the schedule had not fired and never
 * will; for a repeating schedule, returns `true` if it still existed.
 *
 * When a schedule is due, the server stores its message and removes everything under the subject of the schedule. It may do
 * so after it has accepted a cancellation. So a cancellation that still exists after the fence proves that the schedule has
 * not fired.
 */
export async function cancelSchedule(
  writer: ScheduleWriter,
  cancellation: Cancellation,
): Promise<boolean> {
  const { isReplicated, holdsSeveral } = await writer.kind();
  if (cancellation.due === undefined) return await cancelRepeated(writer, cancellation);
  if (!isReplicated) return await cancelAlone(writer, cancellation, true);
  if (!holdsSeveral) return await cancelAlone(writer, cancellation, false);
  return await cancelReplicated(writer, cancellation);
}

async function cancelRepeated(
  writer: ScheduleWriter,
  { seq, due }: Cancellation,
): Promise<boolean> {
  const cancelled = { seq, due, isProved: true };
  const mark = await markOf(writer, seq, () => writer.writeCancelled(cancelled, seq));
  if (mark === undefined) return false;
  // once this resolves, the stream has stored every message that the schedule had already fired
  await writer.pass();
  return true;
}

/**
 * Replaces the schedule by a cancellation. A single server stores messages in the order in which it accepts them, so an
 * accepted cancellation proves that the schedule had not fired. Several servers may accept a cancellation while the message
 * of the schedule is still being replicated; then `isExact` is `false`.
 */
async function cancelAlone(
  writer: ScheduleWriter,
  { seq, due, action, subject }: Cancellation,
  isExact: boolean,
): Promise<boolean> {
  const cancelled = { seq, due, isProved: false };
  const mark = await markOf(writer, seq, () => writer.writeCancelled(cancelled, seq));
  if (mark === undefined) return false;
  if (!await writer.mayFire(due)) return true;
  await writer.pass();
  const there = await writer.read();
  if (there === undefined) return false;
  if (isExact && (there.seq === mark || there.over === mark)) return true;
  throw unknown(action, subject);
}

/**
 * With several servers, the leader may accept a cancellation while the fired message is still being replicated, and stores
 * the cancellation after that message. So this only takes the schedule out of the server's list and leaves it in the
 * stream. If the schedule still exists after the fence, it has not fired.
 */
async function cancelReplicated(
  writer: ScheduleWriter,
  { seq, due, action, subject }: Cancellation,
): Promise<boolean> {
  const cancelled = { seq, due, isProved: false };
  const mark = await markOf(writer, seq, () => writer.markCancelled(cancelled));
  if (mark === undefined) return false;
  if (!await writer.mayFire(due)) {
    return await settle(writer, { ...cancelled, isProved: true }, mark);
  }
  await writer.pass();
  if (await writer.isThere(seq)) {
    return await settle(writer, { ...cancelled, isProved: true }, mark);
  }
  const there = await writer.read();
  if (there?.cancelled?.seq === seq && there.cancelled.isProved) return true;
  if (there?.over === mark) throw unknown(action, subject);
  if (there?.seq === mark) await settle(writer, cancelled, mark);
  return false;
}

/** Replaces the mark and the schedule by a cancellation that the server removes later by itself. */
async function settle(
  writer: ScheduleWriter,
  cancelled: CancelledSchedule,
  mark: number,
): Promise<boolean> {
  try {
    await writer.writeCancelled(cancelled, mark);
  } catch (error) {
    // another process has done so already, or has stored a new schedule
    if (!isChange(error)) throw error;
  }
  return cancelled.isProved;
}

/** The sequence of the cancellation, which another process may have written; `undefined` if the schedule is gone. */
async function markOf(
  writer: ScheduleWriter,
  seq: number,
  write: () => Promise<number>,
): Promise<number | undefined> {
  try {
    return await write();
  } catch (error) {
    if (!isChange(error)) throw error;
    const there = await writer.read();
    return there?.cancelled?.seq === seq ? there.seq : undefined;
  }
}

function unknown(action: string, subject: string): UnknownOutcomeError {
  const rule = "the stream must show whether the schedule has fired: it does not any more";
  return new UnknownOutcomeError(action, subject, rule);
}
