/**
 * Sends 100 MB over a session to a reader that takes 1 MB a second: the sender must wait, and neither side may hold more
 * than the window.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/slow_reader.ts --total 100000000 --rate 1000000
 * ```
 *
 * @module
 */
import { readOptions } from "./options.ts";
import { readSlowly, type SlowReadingResult } from "./slow_reading.ts";

const DEFAULTS = { total: 100_000_000, size: 1_000, rate: 1_000_000 };

// The window is 1 MiB, and what is kept of it is not kept for less than it is.
const BOUND = 8 * 2 ** 20;

function told({ read, writer, before, peak, seconds }: SlowReadingResult): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${writer.sent} bytes sent, ${read} read in ${
    seconds.toFixed(1)
  } s (${writer.ended}); at the peak ` +
    `${mib(peak - before)} more than before where it is read, ${
      mib(writer.peak - writer.before)
    } where it is sent`;
}

function broken({ read, writer, before, peak }: SlowReadingResult): string[] {
  const found: string[] = [];
  if (read !== writer.sent || writer.ended !== "complete") found.push("something is missing");
  if (peak - before > BOUND) found.push("the reader's memory grew past its bound");
  if (writer.peak - writer.before > BOUND) found.push("the writer's memory grew past its bound");
  return found;
}

if (import.meta.main) {
  try {
    const result = await readSlowly(readOptions(Deno.args, DEFAULTS));
    console.log(told(result));
    const found = broken(result);
    for (const sentence of found) console.error(sentence);
    Deno.exitCode = found.length > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
