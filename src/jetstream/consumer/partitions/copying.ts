import { MessageHeaders } from "../../../door/mod.ts";
import type { SourceInfo, StreamInfo } from "../../api/api_types.ts";
import { NotFoundError } from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";

const NANOSECONDS = 1e6;

/** The answer to `STREAM.MSG.GET`. */
interface Got {
  readonly message: { readonly seq: number; readonly time: string; readonly hdrs?: string };
}

/** The two streams of a consumer with partitions. */
export interface Copied {
  readonly api: JetStreamApi;
  /** The stream that takes the messages in. */
  readonly stream: string;
  /** The stream that the server copies them into. */
  readonly queue: string;
}

/** How far the server has copied the messages of a stream into that of the partitions. */
export interface Copying {
  /** How many messages it has not copied yet: exactly 0 if it has copied all of them. */
  readonly missing: number;
  /** The sequence that the last copied message has in the first stream; `undefined` if the server has copied no message. */
  readonly copiedSeq: number | undefined;
  readonly queue: StreamInfo;
}

/**
 * Asks how far the server has copied the messages. Ask for the consumers afterwards: a message that moves on meanwhile is
 * then counted in at least one place.
 *
 * The server reports a `lag` of the source, too, but that stays 0 until the next message has come.
 */
export async function copyingOf(copied: Copied): Promise<Copying> {
  const { api, stream, queue } = copied;
  // before the other: what the first stream has now may be in the other one a moment later, but not the reverse
  const origin = await orNone(api.call<StreamInfo>(`STREAM.INFO.${stream}`));
  const info = await api.call<StreamInfo>(`STREAM.INFO.${queue}`);
  const source = info.sources?.[0];
  const isKnown = source !== undefined && origin !== undefined &&
    !isOfAnother(source, info, origin);
  const copiedSeq = isKnown ? source.seq : undefined;
  const missing = source && origin ? await missingOf(copied, origin, info, copiedSeq) : 0;
  return { missing, copiedSeq, queue: info };
}

/** Whether the server has copied from a stream that had the name before, and was deleted. */
function isOfAnother({ seq = 0, active }: SourceInfo, { ts }: StreamInfo, origin: StreamInfo) {
  if (seq > origin.state.last_seq) return true;
  if (active < 0 || ts === undefined) return false;
  return Date.parse(ts) - active / NANOSECONDS < Date.parse(origin.created);
}

/** Counts from the last copy to the last message that is to be copied. */
async function missingOf(
  { api, stream }: Copied,
  { state }: StreamInfo,
  { config: { sources: [source] = [] } }: StreamInfo,
  copiedSeq: number | undefined,
): Promise<number> {
  const { opt_start_seq = 1, opt_start_time, filter_subject, subject_transforms } = source!;
  const before = Math.max(copiedSeq ?? 0, opt_start_seq - 1, state.first_seq - 1);
  if (state.messages === 0 || state.last_seq <= before) return 0;
  const since = copiedSeq === undefined ? Date.parse(opt_start_time ?? "") : NaN;
  const filters = subject_transforms?.map(({ src }) => src) ?? [filter_subject ?? ">"];
  const lasts = await Promise.all(filters.map(async (last_by_subj) => {
    const got = await orNone(api.call<Got>(`STREAM.MSG.GET.${stream}`, { last_by_subj }));
    const isBefore = got !== undefined && Date.parse(got.message.time) < since;
    return isBefore ? 0 : got?.message.seq ?? 0;
  }));
  return Math.min(state.messages, Math.max(0, Math.max(...lasts) - before));
}

/**
 * The sequence in the first stream up to which all messages are handled; `undefined` if that is not known. The copies are in the
 * order of the first stream, and the server drops each of them once it is handled.
 */
export async function doneSeqOf(
  { api }: Copied,
  { copiedSeq, queue: { config, state } }: Copying,
): Promise<number | undefined> {
  if (copiedSeq === undefined) return undefined;
  const request = { seq: state.first_seq, next_by_subj: ">" };
  const got = await orNone(api.call<Got>(`STREAM.MSG.GET.${config.name}`, request));
  if (got === undefined) return copiedSeq;
  const headers = Uint8Array.fromBase64(got.message.hdrs ?? "");
  const [, seq] = MessageHeaders.parse(headers).get("Nats-Stream-Source")?.split(" ") ?? [];
  // a replayed dead letter is no copy, and a former stream of the name has left copies with its own numbers
  return Number(seq) <= copiedSeq ? Number(seq) - 1 : undefined;
}

/** Where `copyingOf()` asks. */
export function copyingNeeds({ api: { prefix }, stream, queue }: Copied): string[] {
  return [
    `${prefix}.STREAM.INFO.${stream}`,
    `${prefix}.STREAM.INFO.${queue}`,
    `${prefix}.STREAM.MSG.GET.${stream}`,
  ];
}

async function orNone<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return undefined;
  }
}
