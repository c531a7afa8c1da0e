const encoder = new TextEncoder();

/** It is done. */
export const ACK: Uint8Array = encoder.encode("+ACK");
/** It is still worked on. */
export const PROGRESS: Uint8Array = encoder.encode("+WPI");

const NAK = encoder.encode("-NAK");
const NANOSECONDS = 1_000_000;
const LONGEST_REASON = 500;

/** It is wanted again, after so many milliseconds. */
export function nak(delay: number): Uint8Array {
  return delay <= 0 ? NAK : encoder.encode(`-NAK {"delay":${Math.round(delay) * NANOSECONDS}}`);
}

/** It is given up; the reason goes into an advisory of the server. */
export function term(reason: string): Uint8Array {
  // the server reads one line
  return encoder.encode(`+TERM ${reason.slice(0, LONGEST_REASON).replaceAll(/\s+/g, " ")}`);
}
