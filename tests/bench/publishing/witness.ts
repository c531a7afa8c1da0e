import { createInbox } from "@nats-io/transport-deno";
import type { Ends } from "../ends.ts";
import { type Told, told } from "../handlers/orders.ts";

const NOBODY = "bench.nobody";

/** How one side publishes. */
export interface Publishing {
  readonly publish: (subject: string) => unknown;
  readonly flush: () => Promise<void>;
  /** After so many messages the server is asked whether it has them. */
  readonly flushed: number;
}

/** Publishes messages that nobody takes, but for the last, which a witness tells of. */
export async function publishWitnessed(
  ends: Ends,
  operations: number,
  { publish, flush, flushed }: Publishing,
): Promise<Told> {
  await using witness = await ends.connect();
  const { promise, resolve } = Promise.withResolvers<Told>();
  const subject = createInbox();
  witness.subscribe(subject, {
    callback: (_error, message) => resolve(told(message, message.string())),
  });
  await witness.flush();
  for (let number = 1; number < operations; number++) {
    publish(NOBODY);
    if (number % flushed === 0) await flush();
  }
  publish(subject);
  await flush();
  return await promise;
}
