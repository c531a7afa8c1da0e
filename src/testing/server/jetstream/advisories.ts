import { randomText } from "../info.ts";
import type { Context } from "./context.ts";
import { writeTime } from "./time.ts";

const ID_LENGTH = 22;
const ID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Publishes what operators may want to know, to `$JS.EVENT.ADVISORY.…`. Nothing is made where nobody listens.
 *
 * @param kind what comes after `ADVISORY.`, such as `STREAM.CREATED.ORDERS`
 * @param type what comes after `io.nats.jetstream.advisory.v1.`
 */
export function advise(context: Context, kind: string, type: string, facts: object): void {
  const subject = `$JS.EVENT.ADVISORY.${kind}`;
  if (!context.client.reaches(subject)) return;
  const advisory = {
    type: `io.nats.jetstream.advisory.v1.${type}`,
    id: newId(),
    timestamp: writeTime(context.clock.wallTime()),
    ...facts,
  };
  context.client.publish(subject, { body: JSON.stringify(advisory) });
}

/** Makes a random, unique id. */
export function newId(): string {
  return randomText(ID_ALPHABET, ID_LENGTH);
}
