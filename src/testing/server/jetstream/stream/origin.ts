import type { StoredMessage } from "../message.ts";
import { writeTime } from "../time.ts";

/** The headers with stream, sequence, subject and time that a direct get response or a republished message carries. */
export function originOf(stream: string, { seq, subject, time }: StoredMessage) {
  return {
    "Nats-Stream": stream,
    "Nats-Subject": subject,
    "Nats-Sequence": seq,
    "Nats-Time-Stamp": writeTime(time),
  };
}
