import { UnknownOutcomeError } from "../api/errors.ts";
import { isChange, type ScheduleWriter } from "./schedule_writer.ts";

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
 * A cancellation takes its place, if nothing else has. If the server is about to fire the schedule, it removes whatever
 * stands there; so the cancellation that is still there after the fence proves that nothing has fired.
 */
export async function cancelSchedule(
  writer: ScheduleWriter,
  { seq, due, action, subject }: Cancellation,
): Promise<boolean> {
  const mark = await cancellationOf(writer, seq, due);
  if (mark === undefined) return false;
  if (!await writer.mayFire(due)) return true;
  await writer.pass();
  if (due === undefined) return true;
  const there = await writer.read();
  if (there === undefined) return false;
  if (there.seq === mark || there.over === mark) return true;
  const rule = "no other schedule of its name must be stored meanwhile: one was";
  throw new UnknownOutcomeError(action, subject, rule);
}

/** The sequence of the cancellation, which may be somebody else's; `undefined` if the schedule is gone. */
async function cancellationOf(
  writer: ScheduleWriter,
  seq: number,
  due: number | undefined,
): Promise<number | undefined> {
  try {
    return await writer.writeCancelled(seq, due);
  } catch (error) {
    if (!isChange(error)) throw error;
    const there = await writer.read();
    return there?.cancelled?.seq === seq ? there.seq : undefined;
  }
}
