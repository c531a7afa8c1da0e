import { ApiError } from "../api/errors.ts";
import { headerOf, headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import { HEADER } from "./header_names.ts";
import type { Staged } from "./staged.ts";
import type { StreamState } from "./state.ts";

/** Headers that a counter message may not have. */
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

/** The counter increment of a message; throws an {@linkcode ApiError} if it is invalid or not allowed. */
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

/** The message with its counter's new total as body; unchanged if the stream is no counter. */
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

/** Reads a counter's total from its last message. */
export function valueOf(body: Uint8Array): bigint {
  try {
    const { val } = JSON.parse(decoder.decode(body));
    return BigInt(val ?? "");
  } catch {
    throw new ApiError("counterBroken");
  }
}
