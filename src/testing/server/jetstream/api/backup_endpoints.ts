import { isValidLiteral } from "../../subject.ts";
import { CONFIG_REQUEST, type StreamConfigRequest } from "../stream/config.ts";
import type { Streams } from "../streams.ts";
import { type Endpoint, expectSomething, read } from "./call.ts";
import { ApiError } from "./errors.ts";
import { BOOLEAN, type Fields, INT, INT64, STRING, TIME, UINT64 } from "./go_json.ts";

const SNAPSHOT: Fields = {
  deliver_subject: STRING,
  no_consumers: BOOLEAN,
  chunk_size: INT,
  window_size: INT,
  jsck: BOOLEAN,
};

const STATE: Fields = {
  messages: UINT64,
  bytes: UINT64,
  first_seq: UINT64,
  first_ts: TIME,
  last_seq: UINT64,
  last_ts: TIME,
  num_subjects: INT,
  num_deleted: INT,
  deleted: { is: "list", of: INT64 },
  consumer_count: INT,
};

const RESTORE: Fields = {
  config: { is: "object", fields: CONFIG_REQUEST },
  state: { is: "object", fields: STATE },
};

/**
 * Snapshot and restore endpoints. The embedded server writes and reads no files: it validates each request, then
 * rejects it.
 */
export function backupEndpoints(streams: Streams): Endpoint[] {
  return [
    {
      subject: "STREAM.SNAPSHOT.*",
      type: "stream_snapshot_response",
      answer: (call) => {
        expectSomething(call);
        const { deliver_subject = "" } = read<{ deliver_subject?: string }>(call, SNAPSHOT);
        streams.get(call.names[0]!);
        if (!isValidLiteral(deliver_subject)) throw new ApiError("snapshotSubjectInvalid");
        throw new ApiError("snapshotFailed", "the embedded server writes no files");
      },
    },
    {
      subject: "STREAM.RESTORE.*",
      type: "stream_restore_response",
      empty: { deliver_subject: "" },
      answer: (call) => {
        expectSomething(call);
        const [name] = call.names;
        const { config } = read<{ config?: StreamConfigRequest }>(call, RESTORE);
        if (config?.name !== undefined && config.name !== name) {
          throw new ApiError("streamMismatch");
        }
        if (streams.has(name!)) throw new ApiError("restoreNameExists");
        throw new ApiError("restoreFailed", "the embedded server reads no files");
      },
    },
  ];
}
