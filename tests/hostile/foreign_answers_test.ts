import { assertEquals } from "@std/assert";
import { Spy } from "../support/spy.ts";
import { onEveryServer } from "../support/backends.ts";

onEveryServer(
  "NatsBroker.request() takes nothing that a service says of itself for its answer",
  async (server) => {
    const desk = server.broker({ service: { name: "desk", version: "1.0.0" } });
    desk.subscriber("orders.echo", ({ body }) => body);
    const clerk = server.broker({ inboxPrefix: "_CLERK" });
    await Promise.all([desk.start(), clerk.connect()]);
    await using spy = await Spy.connect(server.url);
    const slow = server.broker();
    slow.subscriber("slow", async ({ body }) => {
      const question = await spy.seen("the question", ({ subject }) => subject === "slow");
      for (const verb of ["PING", "INFO", "STATS"]) {
        const asked = spy.count(({ subject }) => subject === question.replyTo);
        await spy.say(`$SRV.${verb}`, { replyTo: question.replyTo });
        await spy.say(`$SRV.${verb}.desk`, {
          replyTo: question.replyTo,
          header: "\r\ncorrelation_id: forged",
        });
        await spy.seen(
          "both answers",
          () => spy.count(({ subject }) => subject === question.replyTo) === asked + 2,
        );
      }
      return body;
    });
    await slow.start();
    assertEquals((await clerk.request("slow", "true", { timeout: 20_000 })).body, "true");
  },
);
