import {
  type BrokerOptions,
  LinkError,
  type LinkOptions,
  NatsBroker,
  type RequestStreamOptions,
  type Session,
} from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { drained } from "../support/link_ends.ts";
import { LIMITED, onLimitedServer } from "../support/limited_users.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";
import { meanwhile, within } from "../support/within.ts";

const COUNT = 800;
const NUMBERS = Array.from({ length: COUNT }, (_, at) => at);
const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
const FREE = { client: options, service: options };

/** Says all the numbers, not too fast for an outage to come in between, while it hears what the other side says. */
async function exchange(session: Session, heard: unknown[]): Promise<void> {
  const saying = meanwhile(async () => {
    for (const number of NUMBERS) {
      await session.send(number);
      if (number % 10 === 0) await delay(4);
    }
    await session.end();
  });
  for await (const { body } of session) heard.push(body);
  await saying;
}

/** A session in which numbers go both ways while `faults` happen: each must arrive once and in order. */
async function survives(
  urls: { readonly client: string; readonly service: string },
  faults: (heard: readonly unknown[]) => Promise<void>,
  users: { readonly client: BrokerOptions; readonly service: BrokerOptions } = FREE,
): Promise<void> {
  await using service = new NatsBroker(urls.service, users.service);
  const there: unknown[] = [];
  service.session("svc.both", (session) => exchange(session, there));
  await service.start();
  await using client = new NatsBroker(urls.client, users.client);
  await client.connect();
  const session = await client.openSession("svc.both");
  const here: unknown[] = [];
  const exchanged = within("all must arrive", exchange(session, here), 30_000);
  await Promise.all([exchanged, faults(here)]);
  assertEquals(here, NUMBERS);
  assertEquals(there, NUMBERS);
  assertEquals(await within("it must end", session.closed), "complete");
}

async function heardAbove(heard: readonly unknown[], count: number): Promise<void> {
  await until(`${count} must have arrived`, () => heard.length >= count, { timeout: 20_000 });
}

/** Kills the server and starts it again, thrice while numbers go. */
function killing(server: NatsServer): (heard: readonly unknown[]) => Promise<void> {
  return async (heard) => {
    for (const count of [50, 250, 450]) {
      await heardAbove(heard, count);
      await server.kill();
      assert(heard.length < COUNT, "the outage must come in between");
      await server.restart();
    }
  };
}

Deno.test("Session loses and repeats nothing when the server is killed and comes back", async () => {
  await using server = await NatsServer.start();
  await survives({ client: server.url, service: server.url }, killing(server));
});

for (const users of LIMITED) {
  Deno.test(`Session loses and repeats nothing when the server is killed [${users.tag}]`, async () => {
    await onLimitedServer(users, async (server) => {
      await survives({ client: server.url, service: server.url }, killing(server), users);
    });
  });

  for (const side of ["client", "service"] as const) {
    Deno.test(`Session loses and repeats nothing when the ${side} is cut off [${users.tag}]`, async () => {
      await onLimitedServer(users, async (server) => {
        await using proxy = await Proxy.start(server.port);
        const urls = { client: server.url, service: server.url, [side]: proxy.url };
        const cutting = async (heard: readonly unknown[]) => {
          for (const count of [50, 300]) {
            await heardAbove(heard, count);
            proxy.cut();
          }
        };
        await survives(urls, cutting, users);
      });
    });
  }
}

Deno.test("Session loses and repeats nothing when the server stands still for a while", async () => {
  await using server = await NatsServer.start();
  await survives({ client: server.url, service: server.url }, async (heard) => {
    await heardAbove(heard, 100);
    await server.suspend();
    await delay(1_000);
    server.resume();
  });
});

for (const side of ["client", "service"] as const) {
  Deno.test(`Session loses and repeats nothing when the connection of the ${side} is cut`, async () => {
    await using server = await NatsServer.start();
    await using proxy = await Proxy.start(server.port);
    const urls = { client: server.url, service: server.url, [side]: proxy.url };
    await survives(urls, async (heard) => {
      await heardAbove(heard, 50);
      proxy.cut();
      await heardAbove(heard, 150);
      // in the middle of a frame, most likely
      proxy.cutAfter(1_111, "toClient");
      await heardAbove(heard, 300);
      proxy.cutAfter(2_345, "toServer");
      await heardAbove(heard, 450);
      await proxy.refuse();
      proxy.cut();
      await delay(200);
      proxy.accept();
    });
  });
}

Deno.test("ReplyStream loses and repeats no part when the server is killed and comes back", async () => {
  await using server = await NatsServer.start();
  await using service = new NatsBroker(server.url, options);
  service.subscriber("svc.numbers", async function* () {
    for (const number of NUMBERS) {
      yield number;
      if (number % 10 === 0) await delay(4);
    }
  });
  await service.start();
  await using client = new NatsBroker(server.url, options);
  await client.connect();
  const how: RequestStreamOptions = { timeout: 10_000 };
  const stream = client.requestStream("svc.numbers", null, how);
  const heard: unknown[] = [];
  for await (const { body } of stream) {
    heard.push(body);
    if (heard.length !== 100) continue;
    await server.kill();
    await server.restart();
  }
  assertEquals(heard, NUMBERS);
  assertEquals(await stream.closed, "complete");
});

/** A session in which the service says numbers and ends are awaited on both sides. */
async function pouring(urls: { client: string; service: string }, how: LinkOptions) {
  const service = new NatsBroker(urls.service, options);
  const accepted = Promise.withResolvers<Session>();
  const sending = Promise.withResolvers<unknown>();
  service.session("svc.pour", how, async (session) => {
    accepted.resolve(session);
    try {
      for (let n = 0;; n++) await session.send(n);
    } catch (error) {
      sending.resolve(error);
    }
  });
  await service.start();
  const client = new NatsBroker(urls.client, options);
  await client.connect();
  const opened = await client.openSession("svc.pour", null, how);
  const served = await within("it must be served", accepted.promise);
  const stop = async () => {
    await Promise.all([client.stop({ timeout: 100 }), service.stop({ timeout: 100 })]);
  };
  return { opened, served, sending: sending.promise, [Symbol.asyncDispose]: stop };
}

Deno.test("Session with a resumeTimeout of 0 ends when its connection is cut, and says so", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  const urls = { client: proxy.url, service: server.url };
  await using ends = await pouring(urls, { resumeTimeout: 0, keepAlive: 300 });
  const { opened, served } = ends;
  for (let n = 0; n < 100; n++) assertEquals((await opened.next({ timeout: 5_000 }))?.body, n);
  proxy.cut();
  const { bodies, error } = await drained(opened);
  assertEquals(bodies, bodies.map((_, at) => 100 + at), "nothing may be missing from what is read");
  assertInstanceOf(error, LinkError);
  const told = await within("both must end", Promise.all([opened.closed, served.closed]));
  for (const end of told) assert(end === "gap" || end === "peer-gone", end);
  assertEquals(error.reason, told[0]);
  assertInstanceOf(await within("send() must be refused", ends.sending), LinkError);
});

Deno.test("Session ends for both when the server stays away for longer than resumeTimeout", async () => {
  await using server = await NatsServer.start();
  const urls = { client: server.url, service: server.url };
  await using ends = await pouring(urls, { resumeTimeout: 2_400, keepAlive: 300 });
  const { opened, served } = ends;
  assertEquals((await opened.next({ timeout: 5_000 }))?.body, 0);
  await server.kill();
  await until("both must notice", () => opened.state === "paused" && served.state === "paused");
  const began = performance.now();
  assertEquals(await within("both must end", Promise.all([opened.closed, served.closed])), [
    "peer-gone",
    "peer-gone",
  ]);
  const took = performance.now() - began;
  assert(took < 8_000, `${took} ms`);
  const late = await assertRejects(() => opened.send("too late"), LinkError);
  assertEquals(late.reason, "peer-gone");
  assertInstanceOf(await within("send() must be refused", ends.sending), LinkError);
});
