import { fromEnv, NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

const ADA = { user: "ada", password: "secret" };

onEveryServer(
  "fromEnv() connects a broker as the environment says, and only when it is called",
  async (server) => {
    const variables = { NATS_URL: server.url, NATS_USER: ADA.user, NATS_PASSWORD: ADA.password };
    const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
    let given: ReturnType<typeof fromEnv>;
    try {
      for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
      given = fromEnv({ logger: false, name: "shop" });
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    }
    assertEquals(given, [server.url, { logger: false, name: "shop", auth: ADA }]);
    await using broker = new NatsBroker(...given);
    broker.subscriber("hello", () => "world");
    await broker.start();
    assertEquals((await broker.request("hello")).body, "world");
  },
  { users: [ADA] },
);
