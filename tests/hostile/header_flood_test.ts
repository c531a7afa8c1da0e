import { assertEquals } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { isPlain } from "../support/plain_mode.ts";
import { withBystander } from "./bystander.ts";
import { RawPeer } from "./raw_peer.ts";

/** As many lines as a message of 1 MB may have. */
const LINES = "a:\n".repeat(340_000);

onEveryServer(
  "NatsBroker.subscriber() serves everyone beside messages of a megabyte of headers, whoever looks at them",
  async (server) => {
    let [count, seen] = [0, 0];
    const broker = server.broker();
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.subscriber("flooded", ({ headers }) => {
      count++;
      seen += [...headers].length;
    });
    await broker.start();
    await withBystander(server.url, "bystander.echo", async () => {
      await using peer = await RawPeer.open(server.url);
      for (let n = 0; n < 50; n++) {
        await peer.publish("flooded", `NATS/1.0\r\n${LINES}\r\n`, "_EVIL.r");
      }
      await until("all are handled", () => count === 50, { timeout: 120_000 });
    });
    // the client reads none of headers without a value
    assertEquals(seen, isPlain ? 0 : 50 * 4_096);
  },
);
