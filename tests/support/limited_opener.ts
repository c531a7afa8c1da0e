/**
 * The opening side of a session with one of the limited users, as a process of its own: the URL of the server is its
 * argument, with the place in `LIMITED` as its fragment. It says "ready" once what it says on `svc.talk` comes back,
 * goes on with that, and ends when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { LIMITED } from "./limited_users.ts";

async function talk(url: string, at: number): Promise<void> {
  const broker = new NatsBroker(url, LIMITED[at]!.client);
  await broker.connect();
  const session = await broker.openSession("svc.talk");
  for (let n = 0;; n++) {
    await session.send(n);
    await session.next();
    if (n === 10) console.log("ready");
  }
}

if (import.meta.main) {
  const [url, at] = Deno.args[0]!.split("#");
  void talk(url!, Number(at));
  // the other end is closed when its process ends, however it ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
