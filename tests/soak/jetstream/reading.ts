import type { JetStream } from "@signalbox/nats/jetstream";
import { delay } from "../../support/delay.ts";
import { type Job, JOBS } from "./work.ts";

/** What a reader of the whole stream got, which must be all of it, in order. */
export interface Read {
  /** Which messages. */
  readonly seen: ReadonlySet<number>;
  /** How many came under a number in the stream that does not follow the last one. */
  readonly disordered: number;
  /** How many stand in the stream more than once. */
  readonly storedTwice: number;
}

/** Reads until it has so many different messages and nothing comes for a while, or until it is told to end. */
export async function readAll(js: JetStream, messages: number, signal: AbortSignal): Promise<Read> {
  const seen = new Set<number>();
  let [last, disordered, storedTwice] = [0, 0, 0];
  const reader = js.read(JOBS, { signal });
  const quiet = async () => {
    for (let before = -1; seen.size < messages || before !== last;) {
      if (signal.aborted) return;
      before = last;
      await delay(500);
    }
    await reader.close();
  };
  const closing = quiet();
  for await (const { body, delivery: { seq } } of reader) {
    if (seq !== last + 1) disordered++;
    last = seq;
    const { n } = body as Job;
    if (seen.has(n)) storedTwice++;
    seen.add(n);
  }
  await closing;
  return { seen, disordered, storedTwice };
}
