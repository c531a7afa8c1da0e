import { ApiError } from "../api/errors.ts";
import { headerOf, headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import { HEADER } from "./header_names.ts";
import type { Staged } from "./staged.ts";
import type { StreamState } from "./state.ts";

/** Checks `Nats-Expected-Stream`. */
export function checkStream({ config }: StreamState, { headers }: Published): void {
  const expected = headerText(headers, HEADER.expectedStream);
  if (expected !== "" && expected !== config.name) throw new ApiError("streamNotMatch");
}

/** Checks `Nats-Expected-Last-Sequence`. */
export function checkLastSequence(
  { log }: StreamState,
  { headers }: Published,
  staged?: Staged,
): void {
  const expected = sequenceOf(headers, HEADER.expectedLastSequence);
  if (expected === undefined) return;
  const last = log.last + (staged?.size ?? 0);
  if (expected !== last) throw new ApiError("streamWrongLastSequence", last);
  // within a batch the stream's last sequence is not known in advance
  if (staged && staged.size > 0) throw new ApiError("streamWrongLastSequenceConstant");
}

/** Checks `Nats-Expected-Last-Subject-Sequence`. */
export function checkLastSubjectSequence(
  { log }: StreamState,
  { subject, headers }: Published,
  staged?: Staged,
): void {
  const named = headerText(headers, HEADER.expectedLastSubjectSequenceSubject);
  const expected = sequenceOf(headers, HEADER.expectedLastSubjectSequence);
  if (expected === undefined) {
    if (named !== "") throw new ApiError("streamExpectedLastSubjectSequenceInvalid");
    return;
  }
  const of = named === "" ? subject : named;
  if (staged?.has(of)) throw new ApiError("streamWrongLastSequenceConstant");
  const last = log.lastOf(of)?.seq ?? 0;
  if (last !== expected) throw new ApiError("streamWrongLastSequence", last);
}

/** Checks `Nats-Expected-Last-Msg-Id`. */
export function checkLastId({ lastId }: StreamState, { headers }: Published): void {
  const expected = headerText(headers, HEADER.expectedLastMessageId);
  if (expected !== "" && expected !== lastId) {
    throw new ApiError("streamWrongLastMessageId", lastId);
  }
}

/** Reads a sequence header; an invalid number becomes a sequence that no message has. */
function sequenceOf(headers: string, name: string): number | undefined {
  const text = headerOf(headers, name);
  if (text === undefined || text === "") return undefined;
  return /^\d{1,19}$/.test(text) ? Number(text) : -1;
}

/** Throws an {@linkcode ApiError} if a client sets the stream source header, which only the server may. */
export function checkSource({ headers }: Published): void {
  if (headerText(headers, HEADER.source) !== "") throw new ApiError("messageSourceNotAllowed");
}
