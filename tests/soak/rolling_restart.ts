/**
 * Restarts each worker of a queue group in turn, twice, while requests come at a steady rate. Told by SIGTERM, no
 * request may fail; killed, every request that fails must do so with a typed error within its time.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/rolling_restart.ts \
 *   --seconds 60 --rate 5000 --workers 4 --signal SIGTERM --seed 1
 * ```
 *
 * @module
 */
import { readOptions } from "./options.ts";
import { broken, type RollingOptions, rollingRestart, type RollingResult } from "./rolling.ts";

const DEFAULTS = {
  seconds: 60,
  rate: 5_000,
  workers: 4,
  signal: "SIGTERM",
  seed: 1,
  timeout: 5_000,
};

function told(result: RollingResult, options: RollingOptions): string {
  const { sent, answered, failed, late, restarts, offered, achieved, latency, lag } = result;
  const failures = Object.entries(failed).map(([name, count]) => `${count} ${name}`).join(", ");
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return [
    `${options.signal}: ${sent} sent, ${answered} answered, failed: ${
      failures || "none"
    } (${late} late)`,
    `latency p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)}`,
    `${restarts} restarts of ${options.workers} workers`,
    `${Math.round(offered)}/s offered of ${options.rate}/s, ${Math.round(achieved)}/s answered`,
    `sent ${ms(lag)} late at most`,
  ].join("; ");
}

if (import.meta.main) {
  try {
    const { signal, ...numbers } = readOptions(Deno.args, DEFAULTS);
    if (signal !== "SIGTERM" && signal !== "SIGKILL") {
      throw new TypeError(`Cannot begin as "--signal" must be SIGTERM or SIGKILL: "${signal}"`);
    }
    const options: RollingOptions = { ...numbers, signal, rounds: 2 };
    const result = await rollingRestart(options);
    console.log(told(result, options));
    const found = broken(result, options);
    for (const sentence of found) console.error(sentence);
    Deno.exitCode = found.length > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
