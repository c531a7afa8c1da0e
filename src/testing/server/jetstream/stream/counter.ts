import { ApiError } from "../api/errors.ts";
import { headerOf, headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import { HEADER } from "./header_names.ts";
import type { Staged } from "./staged.ts";
import type { StreamState } from "./state.ts";

/** Headers that make no sense where a message counts. */
const FOREIGN = [
  HEADER.rollup,
  HEADER.expectedStream,
  HEADER.expectedLastMessageId,
  HEADER.expectedLastSubjectSequenceSubject,
  HEADER.expectedLastSequence,
  HEADER.expectedLastSubjectSequence,
] as const;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** By how much a message counts; throws an {@linkcode ApiError} where it may not. */
export function incrementOf(
  { config }: StreamState,
  { headers, body }: Published,
): bigint | undefined {
  const text = headerOf(headers, HEADER.increment);
  if (text === undefined || text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError("counterIncrementInvalid");
  if (!config.allow_msg_counter) throw new ApiError("counterDisabled");
  if (body.length > 0) throw new ApiError("counterPayload");
  if (FOREIGN.some((name) => headerText(headers, name) !== "")) {
    throw new ApiError("counterIncrementInvalid");
  }
  return BigInt(text.replace("+", ""));
}

/** The message with what its counter stands at then; in a stream that does not count it stays as it is. */
export function counted(
  { config, log }: StreamState,
  message: Published,
  increment: bigint | undefined,
  staged?: Staged,
): Published {
  if (!config.allow_msg_counter) return message;
  if (increment === undefined) throw new ApiError("counterIncrementMissing");
  const { subject } = message;
  const last = log.lastOf(subject);
  const before = staged?.counter(subject) ?? (last ? valueOf(last.body) : 0n);
  staged?.count(subject, before + increment);
  return { ...message, body: encoder.encode(`{"val":"${before + increment}"}`) };
}

/** What a counter stands at by its last message. */
export function valueOf(body: Uint8Array): bigint {
  try {
    const { val } = JSON.parse(decoder.decode(body));
    return BigInt(val ?? "");
  } catch {
    throw new ApiError("counterBroken");
  }
}
