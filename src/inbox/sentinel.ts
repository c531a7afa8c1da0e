import { type Message, ReceivedMessage, type Reception } from "../message/message.ts";
import type { Packet } from "../message/packet.ts";
import { decision, type Rule } from "../options.ts";
import { isThenable } from "../thenable.ts";

/**
 * Which message is the final one: an empty one without headers (`true`), the one a function picks, or none (`false`).
 */
export type Sentinel = boolean | ((message: Message) => boolean);

/** The rule for options that say which message is the final one. */
export const sentinel: Rule = (value) => {
  if (typeof value === "boolean") return undefined;
  return decision(value) && "true, false, or a function that is not async";
};

/** ADR-47: an empty message without headers is the end. */
export function isPlainEnd({ data, headerBlock }: Packet): boolean {
  return data.length === 0 && headerBlock === undefined;
}

/**
 * Whether a message is the final one.
 *
 * @throws {TypeError} if the function returns a promise, which is neither yes nor no
 * @throws the error that the function throws
 */
export function isLast(packet: Packet, sentinel: Sentinel, reception: Reception): boolean {
  if (typeof sentinel === "boolean") return sentinel && isPlainEnd(packet);
  const found: unknown = sentinel(new ReceivedMessage(packet, reception));
  if (!isThenable(found)) return Boolean(found);
  // nobody else awaits it
  Promise.resolve(found).catch(() => {});
  const action = "Cannot tell which answer is the last";
  throw new TypeError(`${action} as "sentinel" must give true or false: a promise`);
}
