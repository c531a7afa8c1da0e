/**
 * Sends a flood to a handler that sleeps until all of it has arrived: what waits must stay within its bounds, what is
 * refused must be counted and reported, and whoever asks meanwhile must be told 429.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/flood.ts --messages 1000000 --size 128
 * ```
 *
 * @module
 */
import { flood, type FloodResult } from "./flooding.ts";
import type { Footprint } from "./footprint.ts";
import { readOptions } from "./options.ts";

const DEFAULTS = { messages: 1_000_000, size: 128 };

// The 65 536 messages that may wait, each with what it takes to keep it, and what has not been collected yet.
const BOUND = 256 * 2 ** 20;

function told(result: FloodResult, messages: number): string {
  const { handled, dropped, reported, told, toldAfter, seconds } = result;
  const { before, full, peak, after } = result;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const line = (name: string, { held, rss }: Footprint) =>
    `${name}: ${mib(held)} held, ${mib(rss)} resident`;
  return [
    `${messages} messages in ${
      seconds.toFixed(1)
    } s: ${handled} handled, ${dropped} refused, ${reported} reported`,
    `a request meanwhile was told ${told} after ${toldAfter.toFixed(1)} ms`,
    line("before", before),
    line("with a full backlog", full),
    line("peak", peak),
    line("after", after),
  ].join("\n");
}

function broken(result: FloodResult, messages: number): string[] {
  const { handled, dropped, reported, cut, told, before, peak } = result;
  const found: string[] = [];
  if (handled + dropped !== messages + 1) found.push("a message is not accounted for");
  if (cut > 0) found.push("the server cut the connection, as it was read too slowly");
  if (dropped !== reported) found.push("a loss was not reported");
  if (told !== "429") found.push("a request was not told 429");
  if (peak.held - before.held > BOUND) found.push("memory grew past its bound");
  return found;
}

if (import.meta.main) {
  try {
    const options = readOptions(Deno.args, DEFAULTS);
    const result = await flood(options);
    console.log(told(result, options.messages));
    const found = broken(result, options.messages);
    for (const sentence of found) console.error(sentence);
    Deno.exitCode = found.length > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
