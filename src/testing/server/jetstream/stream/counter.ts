import { ApiError } from "../api/errors.ts";
import { headerOf, headerText, withHeaderSet } from "../header_block.ts";
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
  const sources = last ? headerText(last.headers, HEADER.counterSources) : "";
  return withTotal(message, before + increment, sources);
}

/**
 * Adds a copied message of another counter to the stream's own counter, by the difference to the last copy from that
 * counter. Returns the message unchanged if the stream is not a counter.
 */
export function countedCopy({ config, log }: StreamState, message: Published): Published {
  const text = headerText(message.headers, HEADER.increment);
  if (text !== "" && !/^[+-]?\d+$/.test(text)) throw new ApiError("counterIncrementInvalid");
  if (!config.allow_msg_counter) return message;
  if (text === "") throw new ApiError("counterIncrementMissing");
  const last = log.lastOf(message.subject);
  const sources = last ? readSources(headerText(last.headers, HEADER.counterSources)) : {};
  const [stream = "", , , , subject = message.subject] = headerText(message.headers, HEADER.source)
    .split(" ");
  const value = valueOf(message.body);
  const increment = value - BigInt(sources[stream]?.[subject] ?? "0");
  const counters = { ...sources[stream], [subject]: String(value) };
  const total = (last ? valueOf(last.body) : 0n) + increment;
  const headers = withHeaderSet(message.headers, HEADER.increment, String(increment));
  const known = sortedSources({ ...sources, [stream]: counters });
  return withTotal({ ...message, headers }, total, JSON.stringify(known));
}

function withTotal(message: Published, total: bigint, sources: string): Published {
  const body = encoder.encode(`{"val":"${total}"}`);
  if (sources === "") return { ...message, body };
  return {
    ...message,
    headers: withHeaderSet(message.headers, HEADER.counterSources, sources),
    body,
  };
}

/** The copied totals, by stream and subject. */
type CounterSources = Readonly<Record<string, Readonly<Record<string, string>>>>;

function readSources(text: string): CounterSources {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("counterBroken");
  }
}

function sortedSources(sources: CounterSources): CounterSources {
  const sorted = <T>(record: Readonly<Record<string, T>>) =>
    Object.entries(record).sort(([one], [other]) => one < other ? -1 : 1);
  return Object.fromEntries(
    sorted(sources).map(([name, counters]) => [name, Object.fromEntries(sorted(counters))]),
  );
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
