/**
 * Tests the client's internal parts, once for each class of its transport: a part with the known name and shape may
 * still be unused by the client, and then the broker would silently lose answers, refusals and messages.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-deno";
import { type Clock, turn } from "../clock.ts";
import { insideOf, type Protocol } from "./client_shape.ts";
import { triedCommands } from "./trial_commands.ts";
import { triedWire } from "./trial_wire.ts";

/** How long a client may take to close behind its transport, in milliseconds. */
const CLOSING_TIME = 1_000;

/** The results: `undefined` if all is well, or the part that the client does not use as expected. */
const outcomes = new WeakMap<object, string | undefined>();

/** Why the broker must not use this client's internal parts, as the end of a sentence; `undefined` if it may. */
export function faultOf(client: NatsConnection): string | undefined {
  const { protocol, fault } = insideOf(client);
  if (!protocol) return fault;
  const { version, constructor: key } = protocol.transport;
  // a closed connection needs no test; the public face says so, as the transport may not be built as known
  if (client.isClosed()) return undefined;
  if (!outcomes.has(key)) return `the NATS client ${version} gave no answer when it was tried`;
  const part = outcomes.get(key);
  return part &&
    `the NATS client says it is ${version}, and does not use its "${part}" as that one`;
}

/**
 * Tests the client, unless its class has been tested. Returns whether the client is still usable; after a failed test,
 * leave it and dial another one, whose internal parts the broker does not use.
 */
export async function isSound(clock: Clock, client: NatsConnection): Promise<boolean> {
  const { protocol } = insideOf(client);
  if (!protocol || outcomes.has(protocol.transport.constructor)) return true;
  let part = await faultyPart(clock, client, protocol);
  if (part === "over" && !await closes(clock, client)) part = "isClosed";
  // a server that hangs up or stays silent proves nothing about the client
  if (part === "over" || part === "silence") return true;
  outcomes.set(protocol.transport.constructor, part);
  return part === undefined;
}

/** Whether the client closes soon: a transport that says that it has ended may say so of every connection. */
async function closes(clock: Clock, client: NatsConnection): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, CLOSING_TIME);
  await Promise.race([client.closed(), promise]);
  timer.clear();
  return client.isClosed();
}

async function faultyPart(
  clock: Clock,
  client: NatsConnection,
  protocol: Protocol,
): Promise<string | undefined> {
  const commands = await attempt("outbound", () => triedCommands(client, protocol));
  if (typeof commands === "string") return commands;
  await turn();
  return await attempt("transport", () => triedWire(clock, client, protocol, commands));
}

/** Treats an exception as one more difference from the known client. */
async function attempt<Found>(
  part: string,
  run: () => Promise<Found>,
): Promise<Found | string> {
  try {
    return await run();
  } catch {
    return part;
  }
}
