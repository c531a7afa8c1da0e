import type { Meaning } from "./meaning.ts";

/** One kind of body: what is sent, and what the other side makes of it where that is not the same. */
export interface Body {
  readonly name: string;
  readonly sent: Meaning;
  readonly read?: Meaning;
}

const SHARED: readonly Body[] = [
  { name: "text", sent: { text: "Grüße, \u{1F44B}" } },
  { name: "empty text", sent: { text: "" } },
  { name: "text of digits", sent: { text: "12" } },
  { name: "text that is JSON", sent: { text: '{"a":1}' } },
  { name: "a dict", sent: { json: { id: 7, tags: ["a", "ä"], nested: { none: null } } } },
  { name: "an empty dict", sent: { json: {} } },
  { name: "a list", sent: { json: [1, "two", [3.5, false]] } },
  { name: "an int", sent: { json: 12 } },
  { name: "a negative float", sent: { json: -1.5 } },
  { name: "true", sent: { json: true } },
  { name: "bytes", sent: { bytes: "AP+ADQo=" } },
  { name: "bytes of digits", sent: { bytes: "MTI=" } },
  { name: "no bytes", sent: { bytes: "" } },
];

/** What we send. FastStream has no word for nothing: it reads no bytes, as it does for its own `None`. */
export const FROM_SIGNALBOX: readonly Body[] = [
  ...SHARED,
  { name: "null", sent: { json: null } },
  { name: "undefined", sent: { nothing: true }, read: { bytes: "" } },
];

/** What FastStream sends. On the wire its `None` is `b""`, header block and all: it can be read as that alone. */
export const FROM_FASTSTREAM: readonly Body[] = [
  ...SHARED,
  {
    name: "a dataclass",
    sent: { order: { id: 7, tags: ["a"] } },
    read: { json: { id: 7, tags: ["a"] } },
  },
  { name: "None", sent: { nothing: true }, read: { bytes: "" } },
];

/** What the other side makes of a body. */
export function readAs({ sent, read = sent }: Body): Meaning {
  return read;
}
