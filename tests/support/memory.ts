import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The bytes in use once everything unreachable has been collected. */
export function usedMemory(): number {
  collect();
  return Deno.memoryUsage().heapUsed;
}

/** The same with the buffers outside of the heap, where bodies lie. */
export function heldMemory(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
