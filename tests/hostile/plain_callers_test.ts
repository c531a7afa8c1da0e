import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { RawClient } from "../unit/embedded/raw_client.ts";
import { withBystander } from "./bystander.ts";

const CONFIG = `authorization: { users: [
  { user: service, password: secret, permissions: {
    subscribe: ["svc.>", "_SVC.>", "bystander.>"], allow_responses: { max: 10000000, expires: "2m" } } }
  { user: client, password: secret, permissions: {
    publish: ["svc.>", "bystander.>"], subscribe: ["_CLIENT.>"] } }
] }`;
const service = {
  logger: false,
  auth: { user: "service", password: "secret" },
  inboxPrefix: "_SVC",
  allowResponses: { max: 10_000_000, expires: 120_000 },
  answersTo: ["_CLIENT.>"],
} as const;
const client = {
  logger: false,
  auth: { user: "client", password: "secret" },
  inboxPrefix: "_CLIENT",
} as const;

/** A handler's work for one caller. */
class Work {
  parts = 0;
  aborted: unknown;
  hasEnded = false;
}

/** A service that may only answer, whose endless streams are known by the last token of their subject. */
function serving(url: string, pause: () => Promise<unknown> | undefined) {
  const broker = new NatsBroker(url, service);
  const works = new Map<string, Work>();
  broker.subscriber("svc.count.{caller}", async function* ({ params, signal }) {
    const work = new Work();
    works.set(params.caller, work);
    signal.addEventListener("abort", () => work.aborted = signal.reason);
    try {
      for (;;) {
        yield work.parts++;
        await pause();
      }
    } finally {
      work.hasEnded = true;
    }
  });
  broker.subscriber("bystander.echo", ({ body }) => body);
  return { broker, works };
}

/** Asks by nothing but the protocol, and reads three parts. */
async function reading(port: number, caller: string): Promise<RawClient> {
  const raw = await RawClient.greet(port, { user: "client", pass: "secret" });
  const inbox = `_CLIENT.${caller}`;
  await raw.say(`SUB ${inbox} 1\r\nPUB svc.count.${caller} ${inbox} 0\r\n\r\n`);
  for (let part = 0; part < 3; part++) await raw.until(`\r\n${part}\r\n`);
  return raw;
}

const PACES = [
  ["part after part without a wait", () => undefined],
  ["a part every 20 ms", () => delay(20)],
] as const;

/** How a caller goes. */
const WAYS: readonly (readonly [string, (raw: RawClient) => Promise<void>])[] = [
  ["unsubscribes", (raw) => raw.say("UNSUB 1\r\n")],
  ["closes its socket", (raw) => raw[Symbol.asyncDispose]()],
];

for (const [pace, pause] of PACES) {
  for (const [way, leave] of WAYS) {
    Deno.test(`NatsBroker.subscriber() under allow_responses, ${pace}, stops for a plain caller who ${way}, and for no other`, async () => {
      await using server = await NatsServer.start({ config: CONFIG });
      const { broker, works } = serving(server.url, pause);
      await using _ = broker;
      await broker.start();
      const seen = recorded(broker);
      await withBystander(server.url, "bystander.echo", async () => {
        await using stays = await reading(server.port, "stays");
        await using goes = await reading(server.port, "goes");
        const [other, gone] = [works.get("stays")!, works.get("goes")!];
        assertEquals([gone.hasEnded, gone.aborted], [false, undefined]);
        await leave(goes);
        await until("it must end", () => gone.hasEnded);
        assertInstanceOf(gone.aborted, Error);
        assertEquals(gone.aborted.name, "LinkError");
        const { parts } = gone;
        const before = other.parts;
        await stays.until(`\r\n${before}\r\n`);
        await until("the other must go on", () => other.parts > before + 5);
        assertEquals(gone.parts, parts);
        assert(!other.hasEnded);
      }, client);
      assertEquals(seen, []);
      assert(!/Violation/.test(await server.log()), "nothing may be done that is not permitted");
    });
  }
}
