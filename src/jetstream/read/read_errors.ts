import { JetStreamError, NotFoundError } from "../api/errors.ts";

const USUAL = "a work queue must have no reader beside its consumer: it is one";

/** The error for a stream that is gone before it was read to its end. */
export function isGone(stream: string): NotFoundError {
  return new NotFoundError(`read "${stream}" to its end`, "stream");
}

/** The error for a work queue, which the server lets only its own consumers read. */
export function workQueue(stream: string, rule = USUAL): JetStreamError {
  return new JetStreamError(`read "${stream}"`, rule);
}
