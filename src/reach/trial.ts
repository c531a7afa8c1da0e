/**
 * Tries out what is reached inside the client, once for each class of its transport: a part that has the name and the
 * shape that is known may still not be the one that the client uses, and then answers, refusals and messages are lost in silence.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-deno";
import { type Clock, turn } from "../clock.ts";
import { insideOf, type Protocol } from "./client_shape.ts";
import { triedCommands } from "./trial_commands.ts";
import { triedWire } from "./trial_wire.ts";

/** What has come of it: nothing wrong, or which part is not used as it is known. */
const outcomes = new WeakMap<object, string | undefined>();

/** Whether something is in the way of reaching inside this client, in a sentence's end. */
export function faultOf(client: NatsConnection): string | undefined {
  const { protocol, fault } = insideOf(client);
  if (!protocol) return fault;
  const { version, constructor: key } = protocol.transport;
  // one that is over need not be tried
  if (protocol.transport.isClosed || client.isClosed()) return undefined;
  if (!outcomes.has(key)) return `the NATS client ${version} gave no answer when it was tried`;
  const part = outcomes.get(key);
  return part &&
    `the NATS client says it is ${version}, and does not use its "${part}" as that one`;
}

/**
 * Tries it, where it has not been tried. Gives whether the client can be used on: one that was led astray is to be left, and
 * another one dialled, which is not reached into.
 */
export async function isSound(clock: Clock, client: NatsConnection): Promise<boolean> {
  const { protocol } = insideOf(client);
  if (!protocol || outcomes.has(protocol.transport.constructor)) return true;
  const part = await faultyPart(clock, client, protocol);
  // one that has hung up, or is silent, shows nothing of the client
  if (part === "over" || part === "silence") return true;
  outcomes.set(protocol.transport.constructor, part);
  return part === undefined;
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

/** What another client throws at is one more way of not being as it is known. */
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
