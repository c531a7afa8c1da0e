/**
 * Serves sessions in which nothing is said, as a process of its own: the URL of the server is its argument. It says "ready"
 * once anyone's opening finds it, and ends when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "../../mod.ts";

export const SUBJECT = "bench.idle";
/** More than are ever opened. */
const MOST = 1_000_000;

/** A broker that serves them; each lasts until the other side ends it. */
export async function serveIdle(url: string): Promise<NatsBroker> {
  const broker = new NatsBroker(url, { maxSessions: MOST, logger: false });
  broker.session(SUBJECT, { maxSessions: MOST }, async (session) => {
    for await (const _ of session);
  });
  await broker.start();
  return broker;
}

if (import.meta.main) {
  await serveIdle(Deno.args[0]!);
  console.log("ready");
  // its standard input ends with the process that started it, however that ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(0);
}
