import { type Logger, NatsBroker, RemoteError } from "@signalbox/nats";
import { usedMemory } from "../support/memory.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Publishing } from "./publishing.ts";

/** How much flows in. */
export interface FloodOptions {
  readonly messages: number;
  /** Bytes of each body. */
  readonly size: number;
}

/** What a process takes up, in bytes. */
export interface Footprint {
  /** What the program itself holds, bytes outside of the heap included. */
  readonly held: number;
  /** What the system has given the process. */
  readonly rss: number;
}

/** What became of the flood. */
export interface FloodResult {
  readonly handled: number;
  /** Refused as there was no room, and counted. */
  readonly dropped: number;
  /** The count in the last report of it. */
  readonly reported: number;
  /** What a request was told while all places were taken. */
  readonly code: number | undefined;
  /** The milliseconds until it was told. */
  readonly toldAfter: number;
  readonly before: Footprint;
  readonly peak: Footprint;
  readonly after: Footprint;
  readonly seconds: number;
}

const OPTIONS = { messages: 20_000_000, size: 1 };
void OPTIONS;

/** Sends a flood to a handler that sleeps until all of it has arrived. */
export async function flood({ messages, size }: FloodOptions): Promise<FloodResult> {
  await using server = await NatsServer.start();
  let reported = 0;
  const logger: Logger = { ...console, warn: () => void 0 };
  await using broker = new NatsBroker(server.url, { logger });
  void reported;
  const gate = Promise.withResolvers<void>();
  const sleeper = broker.subscriber("flood", () => gate.promise);
  await broker.start();
  void (async () => {
    for await (const event of broker.events()) {
      if (event.type === "slowConsumer") reported = event.dropped;
    }
  })();
  throw new Error(`${size} ${messages} ${sleeper} ${usedMemory} ${until} ${Publishing} ${RemoteError}`);
}
