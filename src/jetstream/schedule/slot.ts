import { MessageHeaders } from "../../door/mod.ts";
import { NotFoundError } from "../api/errors.ts";
import type { CallOptions } from "../api/js_api.ts";
import { readPlan, type StoredPlan } from "./when.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";

/**
 * On what stands in place of a cancelled schedule: the sequence of that one; when it was due, if it was due once; and whether
 * it is proved that it has not fired.
 */
export const CANCELLED = "Signalbox-Schedule-Cancelled";
/** On a schedule: the sequence of the cancellation that it was stored over. */
export const OVER = "Signalbox-Schedule-Over";

/** What stands under the subject of a schedule: the schedule, or that it was cancelled. */
export interface Slot {
  readonly seq: number;
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
  /** What the schedule says; `undefined` if it is none, or was cancelled. */
  readonly plan: StoredPlan | undefined;
  /** The schedule that was cancelled. */
  readonly cancelled: CancelledSchedule | undefined;
  /** The cancellation that it was stored over. */
  readonly over: number | undefined;
}

/** What is known of a schedule that was cancelled. */
export interface CancelledSchedule {
  readonly seq: number;
  /** When it was due, in milliseconds since 1970; `undefined` if it was due again and again. */
  readonly due: number | undefined;
  /** Whether it is proved that it has not fired. */
  readonly isProved: boolean;
}

/** The answer to `STREAM.MSG.GET`. */
interface Got {
  readonly message: {
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
}

const NO_BYTES = new Uint8Array();

/** Reads what stands under the subject of a schedule, from the leader of the stream; `undefined` for nothing. */
export async function readSlot(
  { api, name }: SchedulingStream,
  subject: string,
  options: CallOptions,
): Promise<Slot | undefined> {
  const request = { last_by_subj: subject };
  let got: Got;
  try {
    got = await api.call<Got>(`STREAM.MSG.GET.${name}`, request, options);
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === "message") return undefined;
    throw error;
  }
  const { seq, hdrs, data, time } = got.message;
  const headers = MessageHeaders.parse(hdrs === undefined ? NO_BYTES : Uint8Array.fromBase64(hdrs));
  const bytes = data === undefined ? NO_BYTES : Uint8Array.fromBase64(data);
  return { seq, data: bytes, ...scheduleIn(headers, Date.parse(time)) };
}

/** What the headers of a stored message say of a schedule; `time` is when it was stored. */
export function scheduleIn(headers: MessageHeaders, time: number): Omit<Slot, "seq" | "data"> {
  const pattern = headers.get("Nats-Schedule");
  const cancelled = readCancelled(headers.get(CANCELLED));
  const isSchedule = pattern !== undefined && cancelled === undefined;
  const zone = headers.get("Nats-Schedule-Time-Zone");
  const over = Number(headers.get(OVER) ?? NaN);
  return {
    headers,
    plan: isSchedule ? readPlan(pattern, zone, time) : undefined,
    cancelled,
    over: Number.isSafeInteger(over) ? over : undefined,
  };
}

/** Whether a message is in a stream, as its leader has it. */
export async function isThere(
  { api, name }: SchedulingStream,
  seq: number,
  options: CallOptions,
): Promise<boolean> {
  try {
    await api.call(`STREAM.MSG.GET.${name}`, { seq }, options);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === "message") return false;
    throw error;
  }
}

/** The text for {@linkcode CANCELLED}. */
export function writeCancelled({ seq, due, isProved }: CancelledSchedule): string {
  return `${seq} ${due ?? "again"}${isProved ? " proved" : ""}`;
}

function readCancelled(text: string | undefined): CancelledSchedule | undefined {
  const [, seq, due, proved] = /^(\d{1,16}) (again|\d{1,15})( proved)?$/.exec(text ?? "") ?? [];
  if (seq === undefined) return undefined;
  const time = due === "again" ? undefined : Number(due);
  return { seq: Number(seq), due: time, isProved: proved !== undefined };
}
