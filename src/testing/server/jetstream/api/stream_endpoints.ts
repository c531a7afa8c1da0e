import { ApiError, invalidConfig } from "./errors.ts";
import { type Call, type Endpoint, expectNothing, read, readIfAny } from "./call.ts";
import { BOOLEAN, type Fields, INT, STRING, UINT64 } from "./go_json.ts";
import { MAX_LISTED, MAX_NAMES, type Page, page } from "./page.ts";
import { CONFIG_REQUEST, shownConfig, type StreamConfigRequest } from "../stream/config.ts";
import { shownWithServer } from "../stream/metadata.ts";
import { hasPathSeparators } from "../names.ts";
import type { Context } from "../context.ts";
import type { PurgeRequest } from "../stream/state.ts";
import type { Stream } from "../stream/stream.ts";
import type { Streams } from "../streams.ts";
import { writeTime } from "../time.ts";

const MAX_SUBJECTS = 100_000;

const LIST: Fields = { offset: INT, subject: STRING };
const INFO: Fields = { offset: INT, deleted_details: BOOLEAN, subjects_filter: STRING };
const PURGE: Fields = { seq: UINT64, filter: STRING, keep: UINT64 };

interface ListRequest {
  readonly offset?: number;
  readonly subject?: string;
}

interface InfoRequest {
  readonly offset?: number;
  readonly deleted_details?: boolean;
  readonly subjects_filter?: string;
}

/** Builds a stream's info, with additional `state` fields if given. */
type Info = (stream: Stream, details?: object) => object;

/** The endpoints for streams. */
export function streamEndpoints(streams: Streams, { clock, server }: Context): Endpoint[] {
  const info: Info = (stream, details) => ({
    config: shownWithServer(stream.config),
    created: writeTime(stream.created),
    state: { ...stateOf(stream), ...details },
    ...stream.copied,
    ts: writeTime(clock.wallTime()),
  });
  return [
    ...changingEndpoints(streams, info),
    ...listingEndpoints(streams, info),
    {
      subject: "STREAM.INFO.*",
      type: "stream_info_response",
      empty: { total: 0, offset: 0, limit: 0 },
      answer: (call) => {
        const request = readIfAny<InfoRequest>(call, INFO);
        const stream = streams.get(call.names[0]!);
        const { subjects, ...paged } = subjectsOf(stream, request);
        const deleted = request.deleted_details ? stream.log.deleted() : [];
        return {
          ...paged,
          ...info(stream, { ...subjects && { subjects }, ...deleted.length > 0 && { deleted } }),
          cluster: { leader: server },
        };
      },
    },
  ];
}

function changingEndpoints(streams: Streams, info: Info): Endpoint[] {
  return [
    {
      subject: "STREAM.CREATE.*",
      type: "stream_create_response",
      answer: (call) => ({ ...info(create(streams, call)), did_create: true }),
    },
    {
      subject: "STREAM.UPDATE.*",
      type: "stream_update_response",
      answer: (call) =>
        info(streams.update(call.names[0]!, read<StreamConfigRequest>(call, CONFIG_REQUEST))),
    },
    {
      subject: "STREAM.DELETE.*",
      type: "stream_delete_response",
      answer: (call) => {
        expectNothing(call);
        streams.delete(call.names[0]!);
        return { success: true };
      },
    },
    {
      subject: "STREAM.PURGE.*",
      type: "stream_purge_response",
      empty: { purged: 0 },
      answer: (call) => ({ success: true, purged: purge(streams, call) }),
    },
  ];
}

function listingEndpoints(streams: Streams, info: Info): Endpoint[] {
  return [
    {
      subject: "STREAM.NAMES",
      type: "stream_names_response",
      empty: { total: 0, offset: 0, limit: 0, streams: null },
      answer: (call) => {
        const { subject = "", offset } = readIfAny<ListRequest>(call, LIST);
        const { items, ...paged } = page(streams.on(subject), offset, MAX_NAMES);
        const names = items.map(({ name }) => name);
        return { ...paged, streams: names.length > 0 ? names : null };
      },
    },
    {
      subject: "STREAM.LIST",
      type: "stream_list_response",
      empty: { total: 0, offset: 0, limit: 0, streams: [] },
      answer: (call) => {
        const { subject = "", offset } = readIfAny<ListRequest>(call, LIST);
        const { items, ...paged } = page(streams.on(subject), offset, MAX_LISTED);
        const listed = items.map((stream) => ({
          ...info(stream),
          config: shownConfig(stream.config),
        }));
        return { ...paged, streams: listed };
      },
    },
  ];
}

function create(streams: Streams, call: Call): Stream {
  const said = read<StreamConfigRequest>(call, CONFIG_REQUEST);
  const [name] = call.names;
  if (said.name !== name) throw new ApiError("streamMismatch");
  if (hasPathSeparators(name!)) throw new ApiError("streamNameContainsPathSeparators");
  if (said.sealed) throw invalidConfig("stream configuration for create can not be sealed");
  if (said.mirror_direct && !said.mirror) {
    throw invalidConfig("stream has no mirror but does have mirror direct");
  }
  return streams.create(said);
}

function purge(streams: Streams, call: Call): number {
  const request = readIfAny<PurgeRequest>(call, PURGE);
  if ((request.seq ?? 0) > 0 && (request.keep ?? 0) > 0) throw new ApiError("badRequest");
  const stream = streams.get(call.names[0]!);
  if (stream.config.sealed) throw new ApiError("streamSealed");
  if (stream.config.deny_purge) {
    throw new ApiError("streamPurgeFailed", "stream purge not permitted");
  }
  return stream.purge(request);
}

function stateOf({ log, consumers }: Stream): object {
  const gone = log.last > log.first ? log.last - log.first + 1 - log.size : 0;
  return {
    messages: log.size,
    bytes: log.bytes,
    first_seq: log.first,
    first_ts: writeTime(log.firstTime),
    last_seq: log.last,
    last_ts: writeTime(log.lastTime),
    ...log.subjects > 0 && { num_subjects: log.subjects },
    ...gone > 0 && { num_deleted: gone },
    consumer_count: consumers.size,
  };
}

function subjectsOf(
  { log }: Stream,
  { subjects_filter = "", offset }: InfoRequest,
): Page & { subjects?: Record<string, number> } {
  const totals = subjects_filter === "" ? [] : log.totals(subjects_filter);
  if (totals.length === 0) return { total: 0, offset: 0, limit: 0 };
  // a page that holds all subjects needs no order
  if ((offset ?? 0) > 0 || totals.length > MAX_SUBJECTS) {
    totals.sort(([one], [other]) => one < other ? -1 : 1);
  }
  const { items, ...paged } = page(totals, offset, MAX_SUBJECTS);
  return {
    ...paged,
    offset: Math.max(offset ?? 0, 0),
    ...items.length > 0 && { subjects: Object.fromEntries(items) },
  };
}
