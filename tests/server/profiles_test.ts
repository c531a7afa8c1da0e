import { assertEquals, AssertionError, assertRejects } from "@std/assert";
import { onEveryProfile, onProfile, profiles, type Stage } from "../support/profiles.ts";

onEveryProfile("onEveryProfile() lets a client ask and a service answer", async (stage) => {
  const [client, service] = [stage.client(), stage.service()];
  service.subscriber("svc.echo.{id}", { queue: "q" }, ({ body, params }) => [params.id, body]);
  await service.start();
  await client.connect();
  const ids = Array.from({ length: 20 }, (_, at) => `${at}`);
  const answers = await Promise.all(ids.map((id) => client.request(`svc.echo.${id}`, "in")));
  assertEquals(answers.map(({ body }) => body), ids.map((id) => [id, "in"]));
  const plain = await stage.plain("client");
  assertEquals((await plain.request("svc.echo.7", "in", { timeout: 10_000 })).json(), ["7", "in"]);
});

onEveryProfile("onEveryProfile() runs several services and clients", async (stage) => {
  const services = ["a", "b"].map((name) => {
    const service = stage.service();
    service.subscriber(`svc.${name}`, () => name);
    return service;
  });
  await Promise.all(services.map((service) => service.start()));
  const clients = [stage.client(), stage.client()];
  await Promise.all(clients.map((client) => client.connect()));
  const names = await Promise.all(
    clients.flatMap((client) =>
      ["svc.a", "svc.b"].map(async (subject) => (await client.request(subject)).body)
    ),
  );
  assertEquals(names, ["a", "b", "a", "b"]);
});

const FORBIDDEN: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "a publication of the client": async (stage) => {
    const client = stage.client();
    await client.connect();
    await client.publish("elsewhere", "?");
  },
  "a subscription of the client": async (stage) => {
    const client = stage.client({ inboxPrefix: "_ELSEWHERE" });
    await client.connect();
    await client.openInbox().catch(() => {});
  },
  "a second answer of the service": async (stage) => {
    const [client, service] = [await stage.plain("client"), stage.service()];
    service.subscriber("svc.twice", async ({ replyTo }) => {
      for (let sent = 0; sent < 16; sent++) await service.publish(replyTo!, "one too many");
      return "the answer";
    });
    await service.start();
    await client.request("svc.twice", "", { timeout: 10_000 });
  },
};

for (const profile of profiles) {
  if (!profile.allowResponses) continue;
  for (const [what, forbidden] of Object.entries(FORBIDDEN)) {
    Deno.test(`onEveryProfile() fails for ${what} that is forbidden [${profile.tag}]`, async () => {
      await assertRejects(() => onProfile(profile, forbidden), AssertionError, "does not permit");
    });
  }
}
