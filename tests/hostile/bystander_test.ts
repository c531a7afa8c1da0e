import { assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { withBystander } from "./bystander.ts";

onEveryServer("withBystander() is content with a broker that answers", async (server) => {
  const broker = server.broker();
  broker.subscriber("bystander.echo", ({ body }) => body);
  await broker.start();
  await withBystander(server.url, "bystander.echo", () => delay(200));
});

onEveryServer("withBystander() fails if one request in many is not answered", async (server) => {
  const broker = server.broker();
  broker.subscriber("bystander.echo", ({ body }) => {
    if ((body as { n: number }).n === 7) throw new Error("not this one");
    return body;
  });
  await broker.start();
  await assertRejects(() => withBystander(server.url, "bystander.echo", () => delay(200)));
});

onEveryServer("withBystander() fails if the event loop stands still", async (server) => {
  const broker = server.broker();
  broker.subscriber("bystander.echo", ({ body }) => body);
  await broker.start();
  const attack = async () => {
    await delay(20);
    for (const end = performance.now() + 2_500; performance.now() < end;);
  };
  await assertRejects(() => withBystander(server.url, "bystander.echo", attack));
});
