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
import { describe } from "../options.ts";
import type { BrokerAccess } from "../source/source.ts";

export type { Door } from "../broker/doors.ts";
export type { Arrival, Delivery } from "../message/raw_message.ts";
export type { Invocation } from "../source/invocation.ts";
export { source } from "../source/source.ts";
export { checkSubject, isSubject, isToken, newToken, Pattern } from "../subject/subject.ts";
export type { AnyParams, ParamNames, Params } from "../subject/subject.ts";
export { covers, overlap } from "../subject/wildcards.ts";
export type { HeaderFields } from "../message/headers.ts";
export { DEAD } from "../message/signalbox_headers.ts";
export {
  encodeFields,
  headerFields,
  MessageHeaders,
  pairsOf,
  validPairs,
} from "../message/headers.ts";
export { utf8 } from "../message/raw_message.ts";
export { ReceivedMessage } from "../message/message.ts";
export type { Message } from "../message/message.ts";
export { copyOf, copyRawMessage } from "../message/raw_message.ts";
export type { RawMessage } from "../message/raw_message.ts";
export {
  checkSent,
  LONGEST_VALIDATION,
  SlowChecks,
  standardSchema,
  validate,
} from "../message/schema.ts";
export type { Schema } from "../message/schema.ts";
export { isBytes } from "../message/body.ts";
export { mergeHeaders, namesRule, PublisherCalls } from "../sending/publisher.ts";
export type { Addressed } from "../sending/publisher_types.ts";
export type { NatsBroker } from "../broker/broker.ts";
export type {
  AwaitedMessage,
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
 * @throws {TypeError} if it is no broker, or no door, or if the broker has a door of this name already
 */
export function register(broker: NatsBroker<object>, door: Door): BrokerAccess {
  const core = coreOf(broker);
  if (core === undefined) {
    const rule = `its broker must be a NatsBroker: ${describe(broker)}`;
    throw new TypeError(`Cannot register the door "${door?.name}" as ${rule}`);
  }
  const { doors } = core;
  const { context } = registryOf(broker);
  doors.add(door);
  if (doors.isStarted) doors.start(context).catch((error) => context.report(asError(error)));
  return context;
}
