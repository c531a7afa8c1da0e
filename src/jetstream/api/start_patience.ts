import type { BrokerAccess } from "../../door/mod.ts";
import { NoRespondersError, TimeoutError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import { UnavailableError } from "./errors.ts";

/** How long a start waits for JetStream on a server that says it has it, in milliseconds. */
const LONGEST = 120_000;

/**
 * Does what a start needs of JetStream, again and again while that has no leader, as in a cluster that comes together;
 * each time that it was in vain is an `error` event.
 *
 * @throws what `work` throws, at once for another reason or on a server without JetStream
 */
export async function whileItStarts<T>(access: BrokerAccess, work: () => Promise<T>): Promise<T> {
  const { clock } = access;
  const until = clock.now() + LONGEST;
  let isOver = false;
  const stopListening = access.onConnection((change) => isOver ||= change === "closed");
  try {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const left = until - clock.now();
        if (isOver || left <= 0 || !access.hasJetStream() || !mayPass(error)) throw error;
        access.report(waiting(error, left));
      }
    }
  } finally {
    stopListening();
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof UnavailableError) {
    // nobody listens: there is no such domain, or the server has no JetStream after all
    const isNobodyThere = error.cause instanceof NoRespondersError;
    return error.errCode === 0 && error.needs === undefined && !isNobodyThere;
  }
  return error instanceof TimeoutError;
}

function waiting(cause: unknown, left: number): Error {
  const rule = `JetStream must answer: it is asked for ${Math.ceil(left / 1_000)} s more`;
  return new Error(`Cannot start yet as ${rule} (${asError(cause).message})`, { cause });
}
