import type { SourceConfig } from "./config.ts";
import type { MessageLog } from "./message_log.ts";

/** The least difference in time between two messages of a stream, in milliseconds. */
const MICROSECOND = 0.001;

/**
 * Where a source begins in its origin: after the last message that it has passed, or where its configuration says.
 *
 * @param passed the sequence of the last message passed; 0 if there is none
 * @param own the messages of the stream that takes in the copies; `undefined` if the origin has been created again
 */
export function sourceStart(
  { opt_start_seq = 0, opt_start_time }: SourceConfig,
  passed: number,
  origin: MessageLog,
  own: MessageLog | undefined,
): number {
  if (passed > 0) return Math.max(passed + 1, origin.first);
  if (opt_start_seq > 0) return Math.max(opt_start_seq, origin.first);
  // times are coarse here: a copy has the same time as its message, which must not be copied again
  const after = own?.lastTime === undefined ? undefined : own.lastTime + MICROSECOND;
  if (opt_start_time !== undefined) {
    return origin.seqAt(Math.max(opt_start_time, after ?? opt_start_time));
  }
  // do not copy again the messages that the stream has lost at its beginning
  if (own && own.first > 1 && after !== undefined) return origin.seqAt(after);
  return Math.max(origin.first, 1);
}
