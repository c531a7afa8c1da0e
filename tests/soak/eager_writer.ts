/** Sends so many bytes over a session as fast as it is let, and says what it took to hold what waits. */
import { NatsBroker } from "@signalbox/nats";
import { footprint, Watch } from "./footprint.ts";

/** What a writer in its own process says of itself. */
export interface Written {
  readonly sent: number;
  readonly ended: string;
  readonly before: number;
  readonly peak: number;
}

if (import.meta.main) {
  const [server, subject, total, size] = Deno.args;
  await using broker = new NatsBroker(server, { logger: false });
  await broker.connect();
  const session = await broker.openSession(subject!);
  const chunk = new Uint8Array(Number(size)).fill(7);
  const before = footprint().held;
  using watch = new Watch(250, footprint);
  let sent = 0;
  for (; sent < Number(total); sent += chunk.length) await session.send(chunk);
  await session.end();
  const written: Written = {
    sent,
    ended: await session.closed,
    before,
    peak: watch.peak.held,
  };
  console.log(JSON.stringify(written));
}
