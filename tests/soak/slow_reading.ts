import { NatsBroker } from "@signalbox/nats";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { runProgram } from "../support/program.ts";
import type { Written } from "./eager_writer.ts";
import { footprint, Watch } from "./footprint.ts";

/** How much is sent, and how fast it is read. */
export interface SlowReading {
  /** Bytes in all. */
  readonly total: number;
  /** Bytes of each message. */
  readonly size: number;
  /** Bytes that are read in a second. */
  readonly rate: number;
}

/** What became of it, in bytes. */
export interface SlowReadingResult {
  readonly read: number;
  readonly writer: Written;
  readonly before: number;
  readonly peak: number;
  readonly seconds: number;
}

/** Sends as fast as it is let, from a process of its own, to a session that is read slowly. */
export async function readSlowly({ total, size, rate }: SlowReading): Promise<SlowReadingResult> {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  const began = performance.now();
  let read = 0;
  broker.session("slow", async (session) => {
    for await (const { data } of session) {
      read += data.length;
      const ahead = read / rate * 1_000 - (performance.now() - began);
      if (ahead > 5) await new Promise((resolve) => setTimeout(resolve, ahead));
    }
  });
  await broker.start();
  const before = footprint().held;
  using watch = new Watch(250, footprint);
  const program = new URL("eager_writer.ts", import.meta.url);
  const writing = runProgram(["-A"], program, [server.url, "slow", String(total), String(size)]);
  const { success, output, errors } = await writing;
  if (!success) throw new Error(errors);
  const writer = JSON.parse(output) as Written;
  return {
    read,
    writer,
    before,
    peak: watch.peak.held,
    seconds: (performance.now() - began) / 1_000,
  };
}
