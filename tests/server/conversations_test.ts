import { assertEquals } from "@std/assert";
import { findServer } from "../support/nats_server/binary.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { conversations } from "../unit/embedded/conversations.ts";
import { RawClient } from "../unit/embedded/raw_client.ts";

/** What the embedded server is held to is what the real one says: the same table, the same bytes. */
const { version } = await findServer();
const isNewest = !/^2\.(9|1[0-4])\./.test(version);

for (const { name, request, say, hear, closes, since } of conversations) {
  if (since && !isNewest) continue;
  Deno.test(`nats-server: ${name}`, async () => {
    await using server = await NatsServer.start();
    await using client = request === null
      ? await RawClient.connect(server.port)
      : await RawClient.greet(server.port, request);
    if (request === null) await client.until("\r\n");
    if (!closes) return assertEquals(await client.ask(say), hear);
    await client.say(say);
    assertEquals(await client.untilClosed(), hear);
  });
}
