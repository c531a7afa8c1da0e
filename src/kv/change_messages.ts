import { type Arrival, ReceivedMessage } from "../door/mod.ts";
import type { Change, ChangeMessage } from "./changes.ts";
import type { KeyPattern } from "./keys.ts";
import type { Watched } from "./watch.ts";

/** What a source needs to know of a delivery when it is settled. */
export interface ChangeOrigin {
  readonly key: string;
  readonly isInitial: boolean;
}

/** What a change adds to its message. */
function besidesOf({ entry, isInitial }: Watched): { readonly change: Change } {
  return { change: { ...entry, isInitial } };
}

/** A change as a delivery of a source. */
export function arrivalOf(watched: Watched, pattern: KeyPattern): Arrival {
  const { entry: { key, value }, message: { subject, data, headerBlock } } = watched;
  return {
    subject,
    replyTo: "",
    data,
    headerBlock,
    params: pattern.read(key),
    decoded: { body: value },
    besides: besidesOf(watched),
    origin: { key, isInitial: watched.isInitial } satisfies ChangeOrigin,
  };
}

/** A change as a message of a reader; `written` is the pattern as messages show it. */
export function messageOf(
  watched: Watched,
  pattern: KeyPattern,
  written: string,
): ChangeMessage {
  const { entry: { key, value }, message: { subject, data, headerBlock } } = watched;
  const packet = { subject, replyTo: "", data, headerBlock };
  const reception = { params: pattern.read(key), pattern: written };
  const message = new ReceivedMessage(packet, reception).withBody(value);
  return Object.assign(message, besidesOf(watched)) as ChangeMessage;
}
