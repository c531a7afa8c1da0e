import type { StoredMessage } from "../message.ts";
import { writeTime } from "../time.ts";

/** Headers of where a message is kept, for those who get it past the stream's consumers. */
export function originOf(stream: string, { seq, subject, time }: StoredMessage) {
  return {
    "Nats-Stream": stream,
    "Nats-Subject": subject,
    "Nats-Sequence": seq,
    "Nats-Time-Stamp": writeTime(time),
  };
}
