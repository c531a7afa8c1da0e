import type { StoredMessage } from "../message.ts";
import type { Stream } from "../stream/stream.ts";
import type { Streams } from "../streams.ts";
import { writeTime } from "../time.ts";
import { type Call, type Endpoint, expectSomething, read } from "./call.ts";
import { ApiError } from "./errors.ts";
import { BOOLEAN, type Fields, UINT64 } from "./go_json.ts";
import { findMessage, GET_REQUEST, type GetRequest } from "./get_request.ts";

const DELETE: Fields = { seq: UINT64, no_erase: BOOLEAN };

/** The endpoints for single messages. */
export function messageEndpoints(streams: Streams): Endpoint[] {
  return [
    {
      subject: "STREAM.MSG.GET.*",
      type: "stream_msg_get_response",
      isPlain: true,
      answer: (call) => ({ message: shown(...get(streams, call)) }),
    },
    {
      subject: "STREAM.MSG.DELETE.*",
      type: "stream_msg_delete_response",
      // nats-server does not count a missing message as an API error
      answer: (call) => {
        const seq = sequenceIn(call);
        const isGone = remove(streams.get(call.names[0]!), seq);
        return isGone ? { success: true } : { error: new ApiError("sequenceNotFound", seq) };
      },
    },
  ];
}

function get(streams: Streams, call: Call): [StoredMessage, boolean] {
  expectSomething(call);
  const request = read<GetRequest>(call, GET_REQUEST);
  const { seq = 0, last_by_subj = "", next_by_subj = "", start_time } = request;
  const isTimed = start_time !== undefined;
  const saysNoMessage = seq === 0 && last_by_subj === "" && next_by_subj === "" && !isTimed;
  if (
    (request.batch ?? 0) > 0 || (request.max_bytes ?? 0) > 0 || saysNoMessage ||
    (seq > 0 && (last_by_subj !== "" || isTimed)) ||
    (last_by_subj !== "" && (isTimed || next_by_subj !== ""))
  ) {
    throw new ApiError("badRequest");
  }
  const { log } = streams.get(call.names[0]!);
  const message = findMessage(log, request);
  if (!message) throw new ApiError("noMessageFound");
  return [message, request.no_hdr ?? false];
}

function shown({ seq, subject, headers, body, time }: StoredMessage, isBare: boolean): object {
  return {
    subject,
    seq,
    ...headers !== "" && !isBare && { hdrs: btoa(headers) },
    ...body.length > 0 && { data: body.toBase64() },
    time: writeTime(time),
  };
}

function sequenceIn(call: Call): number {
  expectSomething(call);
  return read<{ readonly seq?: number }>(call, DELETE).seq ?? 0;
}

/** Removes a message; returns whether it existed. */
function remove(stream: Stream, seq: number): boolean {
  if (stream.config.sealed) throw new ApiError("streamSealed");
  if (stream.config.deny_delete) {
    throw new ApiError("streamMessageDeleteFailed", "message delete not permitted");
  }
  if (stream.removeMessage(seq)) return true;
  const { config, log } = stream;
  // like nats-server, file storage reports a sequence out of range without searching
  if (config.storage === "file" && (seq < log.first || seq > log.last)) {
    const why = seq > log.last ? "stream store EOF" : "no message found";
    throw new ApiError("streamMessageDeleteFailed", why);
  }
  return false;
}
