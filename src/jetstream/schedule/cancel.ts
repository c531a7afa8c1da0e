import { UnknownOutcomeError } from "../api/errors.ts";
import { isChange, type ScheduleWriter } from "./schedule_writer.ts";
import type { CancelledSchedule } from "./slot.ts";

/** Which schedule to cancel. */
export interface Cancellation {
  readonly seq: number;
  /** When it is due, in milliseconds since 1970; `undefined` if it is due again and again. */
  readonly due: number | undefined;
  readonly action: string;
  readonly subject: string;
}

/**
 * Cancels a schedule, and no other of its name; returns whether it had not fired, and never will; of one that is due again
 * and again, whether it was there.
 *
 * When the server stores the message of a schedule that is due, it removes everything under the subject of that schedule. It
 * may do so after it has accepted a cancellation. So a cancellation that is still there after the fence proves that the
 * schedule has not fired.
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
  // what is on its way is stored before this resolves
  await writer.pass();
  return true;
}

/**
 * One server decides at once what is stored, so that nothing can have fired before a cancellation that was accepted. Several
 * servers accept it (then `isExact` is false) while what has fired is on its way.
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
 * Of several servers, the leader accepts a cancellation although what has fired is on its way, and stores it after that. So
 * the schedule is only taken out of the list of the server, and stays: if it is there after the fence, it has not fired.
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

/** Has a cancellation that clears itself away take the place of the mark, and of the schedule. */
async function settle(
  writer: ScheduleWriter,
  cancelled: CancelledSchedule,
  mark: number,
): Promise<boolean> {
  try {
    await writer.writeCancelled(cancelled, mark);
  } catch (error) {
    // another process has done that, or has stored a schedule over it
    if (!isChange(error)) throw error;
  }
  return cancelled.isProved;
}

/** The sequence of the cancellation, which may be somebody else's; `undefined` if the schedule is gone. */
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
  const rule = "it must be known whether it has fired, which cannot be told any more";
  return new UnknownOutcomeError(action, subject, rule);
}
