import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The bytes in use once everything unreachable has been collected. */
export function usedMemory(): number {
  collect();
  return Deno.memoryUsage().heapUsed;
}
