import type { PublishLine } from "./protocol.ts";

const LF = 10;
const UPPER_N = "N".charCodeAt(0);
const DESTINATION = "Nats-Trace-Dest:";
const ONLY = "Nats-Trace-Only:";
const YES: readonly string[] = ["1", "true", "on"];
const decoder = new TextDecoder();

/** Whether a message only asks for its route, and must not be delivered. */
export function isTraceOnly({ headerSize }: PublishLine, payload: Uint8Array): boolean {
  if (headerSize <= 0 || !mayBeTraced(payload, headerSize)) return false;
  const lines = decoder.decode(payload.subarray(0, headerSize)).split("\r\n");
  const only = lines.find((line) => line.startsWith(ONLY))?.slice(ONLY.length).trim();
  return only !== undefined && YES.includes(only.toLowerCase()) &&
    lines.some((line) => line.startsWith(DESTINATION));
}

/** nearly no message does, so this looks at the beginnings of lines only */
function mayBeTraced(payload: Uint8Array, headerSize: number): boolean {
  for (let at = payload.indexOf(LF); at >= 0 && at < headerSize; at = payload.indexOf(LF, at + 1)) {
    if (payload[at + 1] === UPPER_N) return true;
  }
  return false;
}
