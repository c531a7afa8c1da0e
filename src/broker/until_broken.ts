import type { Clock, Timer } from "../clock.ts";
import { ConnectionError } from "../errors.ts";
import type { EventFeed } from "../events.ts";

/**
 * Settles as `begun` does, but rejects if the connection breaks meanwhile and `begun` is still pending `timeout`
 * milliseconds later: with a server that accepts every connection and hangs up, `begun` would never settle.
 *
 * @throws {ConnectionError} in that case, with the last known reason of the break
 */
export function untilBroken(
  clock: Clock,
  feed: EventFeed,
  begun: Promise<void>,
  timeout: number,
): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  let timer: Timer | undefined;
  let breaks = 0;
  let last: Error | undefined;
  const giveUp = () => reject(broken(breaks, timeout, last));
  const deaf = feed.listen((event) => {
    if (event.type === "error" && event.pattern === undefined) last = event.error;
    if (event.type !== "disconnected") return;
    breaks++;
    timer ??= clock.setTimeout(giveUp, timeout);
  });
  return Promise.race([begun, promise]).finally(() => {
    timer?.clear();
    deaf();
  });
}

function broken(breaks: number, timeout: number, cause: Error | undefined): ConnectionError {
  const reason = cause instanceof ConnectionError ? cause.reason : "hung-up";
  const times = breaks === 1 ? "once" : `${breaks} times`;
  const why = cause ? `: ${cause.message}` : ", without a word of the server's";
  const sentence =
    `The broker did not start: the connection broke ${times}, and ${timeout} ms passed${why}`;
  return new ConnectionError(sentence, reason, { cause });
}
