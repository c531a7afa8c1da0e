import { MessageHeaders } from "../../door/mod.ts";
import { NotFoundError } from "../api/errors.ts";
import type { CallOptions } from "../api/js_api.ts";
import { readPlan, type StoredPlan } from "./when.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";

/**
 * The header of a cancellation: the sequence of the cancelled schedule; when it was due, if it was due once; and whether it
 * is proved that it has not fired.
 */
export const CANCELLED = "Signalbox-Schedule-Cancelled";
/** The header of a schedule: the sequence of the cancellation that it has replaced. */
export const OVER = "Signalbox-Schedule-Over";

/** The message under the subject of a schedule: the schedule, or its cancellation. */
export interface Slot {
  readonly seq: number;
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
  /** When the message is due; `undefined` if this is a cancellation or no schedule. */
  readonly plan: StoredPlan | undefined;
  /** The schedule that this message cancels. */
  readonly cancelled: CancelledSchedule | undefined;
  /** The sequence of the cancellation that this schedule has replaced. */
  readonly over: number | undefined;
}

/** Describes a schedule that was cancelled. */
export interface CancelledSchedule {
  readonly seq: number;
  /** When the schedule was due, in milliseconds since 1970; `undefined` if it repeated. */
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

/** Reads the slot of a schedule from the leader of the stream; `undefined` if it is empty. */
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

/** Reads a slot from the headers of a stored message; `time` is when it was stored. */
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

/** Asks the leader of a stream whether it holds a message. */
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

/** The value of the header {@linkcode CANCELLED}. */
export function writeCancelled({ seq, due, isProved }: CancelledSchedule): string {
  return `${seq} ${due ?? "again"}${isProved ? " proved" : ""}`;
}

function readCancelled(text: string | undefined): CancelledSchedule | undefined {
  const [, seq, due, proved] = /^(\d{1,16}) (again|\d{1,15})( proved)?$/.exec(text ?? "") ?? [];
  if (seq === undefined) return undefined;
  const time = due === "again" ? undefined : Number(due);
  return { seq: Number(seq), due: time, isProved: proved !== undefined };
}
