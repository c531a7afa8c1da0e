import { pick, type Random } from "../../unit/seeded_random.ts";
import { SUBJECTS } from "./service.ts";

/** A message as it is put on the wire. */
export interface RawMessage {
  readonly subject: string;
  /** Header lines between the version and the end; `undefined` for a message without headers. */
  readonly headers: Uint8Array | undefined;
  readonly data: Uint8Array;
  readonly wantsAnswer: boolean;
}

/** What the server takes at most, headers and body together. */
export const MAX_PAYLOAD = 16_384;

const encoder = new TextEncoder();
const times = (count: number, line: string) => Array.from({ length: count }, () => line);

/** Lines that a header block may hold; some are no header at all. */
const LINES: readonly (readonly string[])[] = [
  ["content-type: application/json"],
  ["Content-Type:APPLICATION/JSON ; charset=utf-16"],
  ["content-type: application/problem+json"],
  ["content-type: text/plain"],
  ["content-type: application/octet-stream"],
  ["content-type: image/png", "content-type: application/json"],
  ["content-type:"],
  ["content-type: ;;;"],
  [`content-type: application/json; x=${"x".repeat(10_000)}`],
  ["correlation_id: 7", "CORRELATION_ID: 8"],
  ["correlation_id:"],
  ["correlation_id: a\nx-in: 1", "correlation_id: \u00e9\0\r"],
  [`correlation_id: ${"c".repeat(15_000)}`],
  ...["", "abc", "-1", "0", "1", "NaN", "1e3", "99999999999", "Infinity", "0x10", "20000"].map(
    (time) => [`Signalbox-Time-Left: ${time}`],
  ),
  ["__proto__: 1", "constructor: 2", "toString: 3", "hasOwnProperty: 4"],
  [": nameless", "no colon", " leading: 1", "x:y:z", "\u00fcber: 1", "\u0001: 2", ""],
  ["Nats-Service-Error-Code: 500", "Nats-Service-Error: not ours"],
  times(300, "x-many: 1"),
  [`x-long: ${"x".repeat(8_000)}`],
  ["x-refused: 1"],
  ["x-taken: 1"],
];

const BODIES: readonly string[] = [
  "",
  " ",
  '{"n":1}',
  '{"n":2,"name":"a longer one"}',
  '{"n":"1"}',
  '{"__proto__":{"polluted":true},"n":3}',
  '{"constructor":{"prototype":{"polluted":true}},"n":5}',
  "{",
  '{"n":1',
  "nope",
  "undefined",
  "NaN",
  "null",
  "1e999",
  '"\\ud800"',
  '\ufeff{"n":1}',
  "[".repeat(10_000),
  "[".repeat(8_000) + "]".repeat(8_000),
  "text of some kind \u00e9",
];

/** The next message of a sequence that a seed decides. */
export function randomMessage(random: Random): RawMessage {
  const headers = headersOf(random);
  const room = MAX_PAYLOAD - (headers ? blockOf(headers).length : 0);
  return {
    subject: pick(random, SUBJECTS),
    headers,
    data: dataOf(random, room),
    wantsAnswer: random(10) < 7,
  };
}

/** The header block as it stands on the wire. */
export function blockOf(lines: Uint8Array): Uint8Array {
  return joined([encoder.encode("NATS/1.0\r\n"), lines, encoder.encode("\r\n\r\n")]);
}

function headersOf(random: Random): Uint8Array | undefined {
  const count = random(4);
  if (count === 0) return undefined;
  const chosen = Array.from({ length: count }, () => pick(random, LINES));
  const lines = chosen.flat().join("\r\n");
  const bytes = encoder.encode(
    lines.length > MAX_PAYLOAD - 1_000 ? chosen[0]!.join("\r\n") : lines,
  );
  if (random(20) === 0) bytes[random(bytes.length)] = 0xff;
  return bytes;
}

function dataOf(random: Random, room: number): Uint8Array {
  const kind = random(40);
  if (kind === 0) return new Uint8Array(room).fill(120);
  if (kind < 5) return Uint8Array.from({ length: random(64) }, () => random(256));
  const bytes = encoder.encode(pick(random, BODIES)).subarray(0, room);
  if (kind === 5 && bytes.length > 0) bytes[random(bytes.length)] = 0xff;
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
