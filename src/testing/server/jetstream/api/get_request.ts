import type { StoredMessage } from "../message.ts";
import type { MessageLog } from "../stream/message_log.ts";
import { BOOLEAN, type Fields, INT, STRING, STRINGS, TIME, UINT64 } from "./go_json.ts";

/** A request for stored messages. */
export interface GetRequest {
  readonly seq?: number;
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
  readonly batch?: number;
  readonly max_bytes?: number;
  readonly start_time?: number;
  readonly multi_last?: readonly string[];
  readonly up_to_seq?: number;
  readonly up_to_time?: number;
  readonly no_hdr?: boolean;
}

/** The JSON fields of a {@linkcode GetRequest}. */
export const GET_REQUEST: Fields = {
  seq: UINT64,
  last_by_subj: STRING,
  next_by_subj: STRING,
  batch: INT,
  max_bytes: INT,
  start_time: TIME,
  multi_last: STRINGS,
  up_to_seq: UINT64,
  up_to_time: TIME,
  no_hdr: BOOLEAN,
};

/** The single message that the request selects; `undefined` if there is none. */
export function findMessage(log: MessageLog, request: GetRequest): StoredMessage | undefined {
  const { next_by_subj = "", last_by_subj = "" } = request;
  const seq = startOf(log, request);
  if (next_by_subj !== "") return log.next(next_by_subj, seq);
  return seq > 0 ? log.get(seq) : log.lastOf(last_by_subj || ">");
}

/** The sequence to start at, from `seq` or `start_time`; 0 if the request has neither. */
export function startOf(log: MessageLog, { seq = 0, start_time }: GetRequest): number {
  return start_time === undefined ? seq : log.seqAt(start_time);
}
