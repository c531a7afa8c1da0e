/**
 * Puts an object and reads it again while the connection is cut in the middle of messages and the server is killed: every
 * byte must come once and in order, nothing may be left besides, and neither way may hold more than a few chunks.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/objects.ts --size 268435456 --cuts 40 --kills 8
 * ```
 *
 * @module
 */
import { type ObjectsResult, uploadThroughFaults } from "./objects_through_faults.ts";
import { readOptions } from "./options.ts";

const MIB = 2 ** 20;
const DEFAULTS = { size: 256 * MIB, cuts: 40, kills: 8 };
/** How much more may be held than before, garbage aside, in bytes. */
const BOUND = 32 * MIB;

function told({ put, got, cuts, kills }: ObjectsResult): string {
  const way = ({ seconds, held, grown }: ObjectsResult["put"]) =>
    `${seconds.toFixed(1)} s, ${(held / MIB).toFixed(1)} MiB held, process grown by ${
      (grown / MIB).toFixed(1)
    } MiB`;
  return `${cuts} cuts, ${kills} kills; put in ${way(put)}; read in ${way(got)}`;
}

function broken({ isWhole, left, put, got }: ObjectsResult): string[] {
  const found: string[] = [];
  if (!isWhole) found.push("what was read is not what was put");
  if (left > 0) found.push(`${left} bytes were left behind`);
  if (put.held > BOUND) found.push("putting held more than its bound");
  if (got.held > BOUND) found.push("reading held more than its bound");
  return found;
}

if (import.meta.main) {
  try {
    const result = await uploadThroughFaults(readOptions(Deno.args, DEFAULTS));
    console.log(told(result));
    const found = broken(result);
    for (const sentence of found) console.error(sentence);
    Deno.exitCode = found.length > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
