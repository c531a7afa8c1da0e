import type { Session } from "@signalbox/nats";
import { assert } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { heldMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { withBystander } from "./bystander.ts";
import { withHostile } from "./hostile_peer.ts";
import { isPlain } from "../support/plain_mode.ts";

const MIB = 1_048_576;

onEveryServer(
  "NatsBroker.session() keeps small frames that are never acknowledged without what was sent beside them",
  async (server) => {
    const [links, frames] = [10, 500];
    const broker = server.broker();
    const sessions: Session[] = [];
    broker.session("talk", async (session) => {
      sessions.push(session);
      await session.closed;
    });
    broker.subscriber("bystander.echo", ({ body }) => body);
    await broker.start();
    const text = "x".repeat(300);
    await withBystander(
      server.url,
      "bystander.echo",
      () =>
        withHostile(server.url, async (client, link) => {
          const peers = Array.from({ length: links }, link);
          for (const peer of peers) peer.open("talk", "session");
          await Promise.all(peers.map((peer) => peer.greet()));
          await delay(300);
          const before = heldMemory();
          for (let n = 0; n < frames; n++) {
            for (const session of sessions) {
              void session.send("small");
              // what is sent to others meanwhile fills what the small frame was written into
              for (let other = 0; other < 10; other++) void broker.publish("elsewhere", text);
            }
            if (n % 10 === 0) await broker.flush();
          }
          await broker.flush();
          await client.flush();
          assert(peers.every(({ code }) => code === undefined), "nobody has been ended");
          // on the plain line the window before the client has copies, too
          const most = (isPlain ? 16 : 10) * MIB;
          // a busy machine takes its time with what is on its way, which is not kept
          await until("little is held", () => heldMemory() - before < most);
        }),
    );
    for (const session of sessions) session.abort();
  },
);
