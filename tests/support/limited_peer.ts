/**
 * The serving side of sessions as one of the limited users, as a process of its own: the URL of the server is its
 * argument, with the place in `LIMITED` as its fragment. It says "ready" once anyone finds it, and ends when whoever
 * started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { LIMITED } from "./limited_users.ts";

if (import.meta.main) {
  const [url, at] = Deno.args[0]!.split("#");
  const broker = new NatsBroker(url!, LIMITED[Number(at)]!.service);
  broker.session("svc.echo", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  console.log("ready");
  // the other end is closed when its process ends, however it ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
