/**
 * The calls of a broker that take a timeout.
 *
 * @module
 */
import { asMilliseconds } from "../duration.ts";
import { checkOptions, TIMEOUT_RULES, type TimeoutOptions } from "../options.ts";
import type { BrokerCore } from "./broker_core.ts";
import type { Registry } from "./registry.ts";

/** Stops the broker, within 25 s if no timeout is given. */
export async function stop(
  { life }: BrokerCore,
  registry: Registry,
  options: TimeoutOptions,
): Promise<void> {
  checkOptions("stop the broker", options, TIMEOUT_RULES);
  await life.stop(registry, asMilliseconds(options.timeout ?? 25_000));
}

/** Starts the broker, and stops it at a signal, with the same options. */
export async function run(
  { life }: BrokerCore,
  broker: { start(): Promise<void>; stop(options: TimeoutOptions): Promise<void> },
  options: TimeoutOptions,
): Promise<void> {
  checkOptions("run the broker", options, TIMEOUT_RULES);
  const { cancelled } = life;
  const { runUntilSignal } = await import("./run.ts");
  // the program may have stopped the broker while the module was loaded: it must not start again
  if (cancelled.aborted) return await broker.stop(options);
  await runUntilSignal(life, () => broker.start(), () => broker.stop(options));
}

/** Pings the server, and gives the round trip in milliseconds. */
export async function ping(
  { clock, connection }: BrokerCore,
  options: TimeoutOptions,
): Promise<number> {
  checkOptions("ping", options, TIMEOUT_RULES);
  const began = clock.now();
  const timeout = asMilliseconds(options.timeout ?? 5_000);
  await connection.flush({ clock, timeout }, "ping the server");
  return clock.now() - began;
}

/** Waits until the server has received what was published before. */
export async function flush(
  { clock, connection }: BrokerCore,
  options: TimeoutOptions,
): Promise<void> {
  checkOptions("flush", options, TIMEOUT_RULES);
  await connection.settle({ clock, timeout: asMilliseconds(options.timeout) });
}
