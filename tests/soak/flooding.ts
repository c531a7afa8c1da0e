import { NatsBroker } from "@signalbox/nats";
import { runProgram } from "../support/program.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { type Footprint, footprint, Watch } from "./footprint.ts";
import type { Asked } from "./publisher.ts";

/** How much flows in. */
export interface FloodOptions {
  readonly messages: number;
  /** Bytes of each body. */
  readonly size: number;
}

/** What became of the flood. */
export interface FloodResult extends Asked {
  /** How many the handler got, and how many were refused as there was no room. */
  readonly handled: number;
  readonly dropped: number;
  /** How many of those the broker's events told of. */
  readonly reported: number;
  /** How often the server cut the connection, as it does where messages are read too slowly. */
  readonly cut: number;
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
  const reports = readReports(broker);
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
    const { success, output, errors } = await flooding;
    if (!success) throw new Error(errors);
    const asked = JSON.parse(output) as Asked;
    await broker.flush();
    const seconds = (performance.now() - began) / 1_000;
    const [full, peak] = [footprint(), watch.peak];
    gate.resolve();
    await sleeper.stop();
    const found = { ...sleeper.counts, ...asked, before, full, peak, seconds };
    await broker.stop();
    return { ...found, ...await reports, after: footprint() };
  } finally {
    gate.resolve();
  }
}

/** What the events told of; known once the broker has stopped. */
async function readReports(broker: NatsBroker): Promise<{ reported: number; cut: number }> {
  let [reported, cut] = [0, 0];
  for await (const event of broker.events()) {
    if (event.type === "slowConsumer") reported = event.dropped;
    if (event.type === "disconnected") cut++;
  }
  return { reported, cut };
}
