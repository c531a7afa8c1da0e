import { assertEquals } from "@std/assert";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { RawClient } from "../support/nats_server/raw_client.ts";

Deno.test("NatsCluster.start() carries messages from node to node", async () => {
  await using cluster = await NatsCluster.start(3);
  assertEquals(new Set(cluster.urls).size, 3);
  assertEquals(await relayed(cluster, 0, 2), "hello");
});

Deno.test("NatsCluster.kill() takes one node away, and restart() routes it again", async () => {
  await using cluster = await NatsCluster.start(3);
  const { urls } = cluster;
  await cluster.kill(0);
  assertEquals(await relayed(cluster, 1, 2), "hello");
  await cluster.restart(0);
  assertEquals(cluster.urls, urls);
  assertEquals(await relayed(cluster, 1, 0), "hello");
});

/** What a subscriber on one node gets of a message published on another. */
async function relayed(cluster: NatsCluster, from: number, to: number): Promise<string> {
  using subscriber = await RawClient.connect(cluster.nodes[to]!.port);
  await subscriber.send(`CONNECT {"verbose":false}\r\nSUB greetings 1\r\nPING\r\n`);
  while (await subscriber.line() !== "PONG");

  using publisher = await RawClient.connect(cluster.nodes[from]!.port);
  await publisher.send(`CONNECT {"verbose":false}\r\n`);
  let message: string | undefined;
  const received = (async () => {
    while (!(await subscriber.line())?.startsWith("MSG greetings"));
    message = await subscriber.line();
  })();
  // Interest travels between nodes in its own time: the first messages may find nobody.
  while (message === undefined) {
    await publisher.send("PUB greetings 5\r\nhello\r\n");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await received;
  return message;
}
