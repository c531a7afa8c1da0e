/**
 * The interface for doors: JetStream, key-value stores and other parts that bring messages, or speak to the server,
 * build on it. A door makes {@linkcode source}s, which `broker.subscriber()` takes, and registers what it does with a
 * broker by {@linkcode register}.
 *
 * @module
 */
import type { NatsBroker } from "../broker/broker.ts";
import type { Door } from "../broker/doors.ts";
import { coreOf } from "../broker/broker_core.ts";
import { registryOf } from "../broker/registry.ts";
import { asError } from "../legible.ts";
import type { BrokerAccess } from "../source/source.ts";

export type { Door } from "../broker/doors.ts";
export type { Arrival, Delivery, Invocation } from "../source/invocation.ts";
export { source } from "../source/source.ts";
export type {
  BrokerAccess,
  ConnectionChange,
  Kind,
  Needs,
  OpenSource,
  Outcome,
  RawOptions,
  RawRequestOptions,
  RawSubscription,
  Refused,
  Sink,
  Source,
  SourceDriver,
} from "../source/source.ts";

/**
 * Registers a door with a broker. If the broker has started, the door starts at once, and a failure is an `error`
 * event. The returned access works once the broker is connected.
 *
 * @throws {TypeError} if it is no door, or if the broker has a door of this name already
 */
export function register(broker: NatsBroker<object>, door: Door): BrokerAccess {
  const { doors } = coreOf(broker);
  const { context } = registryOf(broker);
  doors.add(door);
  if (doors.isStarted) doors.start(context).catch((error) => context.report(asError(error)));
  return context;
}
