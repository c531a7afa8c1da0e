import { NatsBroker, RemoteError } from "@signalbox/nats";
import { runProgram } from "../support/program.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { type Footprint, footprint, Watch } from "./footprint.ts";

/** How much flows in. */
export interface FloodOptions {
  readonly messages: number;
  /** Bytes of each body. */
  readonly size: number;
}

/** What became of the flood. */
export interface FloodResult {
  /** How many the handler got, and how many were refused as there was no room. */
  readonly handled: number;
  readonly dropped: number;
  /** How many of those the broker's events told of. */
  readonly reported: number;
  /** What a request was told while there was no room, and after how many milliseconds. */
  readonly told: string;
  readonly toldAfter: number;
  readonly before: Footprint;
  /** Once the flood is over, and what waits still waits. */
  readonly full: Footprint;
  readonly peak: Footprint;
  readonly after: Footprint;
  /** How long it took to arrive. */
  readonly seconds: number;
}

/** Sends a flood to a handler that sleeps until all of it has arrived. */
export async function flood({ messages, size }: FloodOptions): Promise<FloodResult> {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  const gate = Promise.withResolvers<void>();
  const sleeper = broker.subscriber("flood", () => gate.promise);
  await broker.start();
  const reports = countReports(broker);
  const before = footprint();
  using watch = new Watch(20);
  const began = performance.now();
  try {
    const flooding = runProgram(["-A"], new URL("publisher.ts", import.meta.url), [
      server.url,
      "flood",
      String(messages),
      String(size),
    ]);
    await until("the backlog must be full", () => sleeper.counts.dropped > 0, { timeout: 60_000 });
    const asked = await ask(server.url);
    const { success, errors } = await flooding;
    if (!success) throw new Error(errors);
    await broker.flush();
    const seconds = (performance.now() - began) / 1_000;
    const [full, peak] = [footprint(), watch.peak];
    gate.resolve();
    await sleeper.stop();
    const { handled, dropped } = sleeper.counts;
    await broker.stop();
    const after = footprint();
    return {
      handled,
      dropped,
      reported: await reports,
      ...asked,
      before,
      full,
      peak,
      after,
      seconds,
    };
  } finally {
    gate.resolve();
  }
}

async function ask(url: string): Promise<{ told: string; toldAfter: number }> {
  await using broker = new NatsBroker(url, { logger: false });
  await broker.connect();
  const asked = performance.now();
  const told = await broker.request("flood", "room?", { timeout: 10_000 }).then(
    () => "an answer",
    (error) => error instanceof RemoteError ? String(error.code) : String(error),
  );
  return { told, toldAfter: performance.now() - asked };
}

/** The number that the last report gave; known once the broker has stopped. */
async function countReports(broker: NatsBroker): Promise<number> {
  let reported = 0;
  for await (const event of broker.events()) {
    if (event.type === "slowConsumer") reported = event.dropped;
    if (event.type === "disconnected") throw new Error("The server took us for a slow consumer");
  }
  return reported;
}
