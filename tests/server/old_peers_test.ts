import { reply, ReplyError } from "@signalbox/nats";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import {
  onEveryProfile,
  onProfile,
  type Profile,
  profiles,
  type Stage,
} from "../support/profiles.ts";
import { Spy } from "../support/spy.ts";
import { steady, within } from "../support/within.ts";

const TOO_LONG = 8_000;

/** What a peer of its own kind is told: every message up to the one without a payload, and how long that took. */
async function asked(client: NatsConnection, subject: string, noMux: boolean) {
  const began = performance.now();
  const how = { strategy: "sentinel", maxWait: TOO_LONG, noMux } as const;
  const told: Msg[] = [];
  const answers = await client.requestMany(subject, "{}", how);
  const reading = async () => {
    for await (const message of answers) told.push(message);
  };
  await within("the answers must end", reading(), TOO_LONG + 2_000);
  const took = performance.now() - began;
  assert(took < TOO_LONG - 3_000, `it waited out its time: ${took} ms`);
  const last = told.pop();
  assertEquals(last?.data.length, 0);
  assertEquals([...last?.headers?.keys() ?? []], [], "the end of ADR-47 has no headers");
  return told;
}

/** A service with what old peers may ask, and such a peer. */
async function withService(
  server: Pick<Backend, "broker" | "url">,
  behaviour: (client: NatsConnection, noMux: boolean) => Promise<void>,
): Promise<void> {
  const broker = server.broker();
  broker.subscriber("svc.count.{to}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.to); n++) yield n;
  });
  broker.subscriber("svc.mixed", async function* () {
    yield* ["before", "", undefined, new Uint8Array(0)];
    yield reply({ a: 1 }, { headers: { "X-Part": "last" } });
    yield "after";
  });
  broker.subscriber("svc.fails.{after}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.after); n++) yield n;
    throw new ReplyError(422, "No such column", { column: "age" });
  });
  await broker.start();
  const client = await connect({ servers: server.url });
  try {
    for (const noMux of [false, true]) await behaviour(client, noMux);
  } finally {
    await client.close();
  }
}

onEveryServer("A streaming handler answers nats.js requestMany() up to its end", async (server) => {
  await withService(server, async (client, noMux) => {
    for (const count of [0, 1, 5, 1_500]) {
      const told = await asked(client, `svc.count.${count}`, noMux);
      assertEquals(told.map((message) => message.json()), Array.from(told, (_, at) => at + 1));
      assertEquals(told.length, count);
    }
  });
});

onEveryServer(
  "A streaming handler does not end nats.js requestMany() by an empty part",
  async (server) => {
    await withService(server, async (client, noMux) => {
      const told = await asked(client, "svc.mixed", noMux);
      assertEquals(told[0]?.string(), "before");
      const [structure, text] = told.slice(-2);
      assertEquals(structure?.json(), { a: 1 });
      assertEquals(structure?.headers?.get("X-Part"), "last");
      assertEquals(text?.string(), "after");
      for (const { data } of told) assert(data.length > 0);
    });
  },
);

onEveryServer(
  "A streaming handler that fails tells nats.js requestMany(), and ends it",
  async (server) => {
    await withService(server, async (client, noMux) => {
      for (const after of [0, 3]) {
        const told = await asked(client, `svc.fails.${after}`, noMux);
        assertEquals(told.length, after + 1);
        const error = told.pop();
        assertEquals(error?.headers?.get("Nats-Service-Error-Code"), "422");
        assertEquals(error?.headers?.get("Nats-Service-Error"), "No such column");
        assertEquals(error?.json(), { column: "age" });
        assertEquals(told.map((message) => message.json()), Array.from(told, (_, at) => at + 1));
      }
    });
  },
);

onEveryServer("A streaming handler gives nats.js request() its first part", async (server) => {
  await withService(server, async (client, noMux) => {
    const ask = (subject: string) => client.request(subject, "", { timeout: 5_000, noMux });
    assertEquals((await ask("svc.count.5")).json(), 1);
    assertEquals((await ask("svc.mixed")).string(), "before");
    assertEquals((await ask("svc.count.0")).data.length, 0);
    const error = await ask("svc.fails.0");
    assertEquals(error.headers?.get("Nats-Service-Error-Code"), "422");
  });
});

onEveryServer("A streaming handler gives NatsBroker.request() its first part", async (server) => {
  await withService(server, async () => {
    const broker = server.broker();
    await broker.connect();
    assertEquals((await broker.request("svc.count.5")).body, 1);
    await broker.stop();
  });
});

/** A service whose parts are more and fewer than a caller without links may be sent. */
async function counting(stage: Stage): Promise<NatsConnection> {
  const service = stage.service();
  service.subscriber("svc.count.{to}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.to); n++) yield n;
  });
  service.subscriber("svc.fails.{after}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.after); n++) yield n;
    throw new ReplyError(422, "No such column");
  });
  await service.start();
  return await stage.plain("client");
}

/** The parts of an answer that has ended as ADR-47 says, and the error behind them, if any. */
async function parted(client: NatsConnection, subject: string, noMux: boolean) {
  const told = await asked(client, subject, noMux);
  const code = told.at(-1)?.headers?.get("Nats-Service-Error-Code");
  if (code) told.pop();
  const parts = told.map((message) => message.json());
  assertEquals(parts, Array.from(parts, (_, at) => at + 1));
  return { count: parts.length, code: code ?? "" };
}

onEveryProfile("A streaming handler gives an old peer its first part", async (stage) => {
  const client = await counting(stage);
  for (const to of [1, 2, 15, 16, 100]) {
    const answer = await client.request(`svc.count.${to}`, "", { timeout: 5_000 });
    assertEquals([answer.headers?.get("Nats-Service-Error-Code") ?? "", answer.json()], ["", 1]);
  }
});

for (const profile of profiles) {
  // with one message in all, the first part is the whole answer
  if (profile.allowResponses === true) continue;
  const most = profile.allowResponses?.max ?? Infinity;
  const test = (name: string, behaviour: (stage: Stage) => Promise<void>) =>
    Deno.test(`${name} [${profile.tag}]`, () => onProfile(profile, behaviour));

  test("A streaming handler ends requestMany() though there are too many parts", async (stage) => {
    const client = await counting(stage);
    for (const to of [0, 1, 13, 14, 15, 16, 17, 100]) {
      const fits = to < most;
      const wanted = fits ? { count: to, code: "" } : { count: most - 2, code: "500" };
      for (const noMux of [false, true]) {
        assertEquals(await parted(client, `svc.count.${to}`, noMux), wanted, `${to} parts`);
      }
    }
  });

  test("A streaming handler that fails ends requestMany() wherever it does", async (stage) => {
    const client = await counting(stage);
    for (const after of [0, 13, 14, 15]) {
      const wanted = { count: Math.min(after, most - 2), code: "422" };
      assertEquals(await parted(client, `svc.fails.${after}`, true), wanted, `${after} parts`);
    }
  });
}

/** The texts and error codes of so many messages, and of all that comes until there is nothing more for a while. */
async function allHeard(client: NatsConnection, subject: string, count: number) {
  const heard: string[] = [];
  const inbox = client.subscribe(`_CLIENT.${crypto.randomUUID()}`, {
    callback: (_, message) => {
      heard.push(message.headers?.get("Nats-Service-Error-Code") || message.string());
    },
  });
  client.publish(subject, "", { reply: inbox.getSubject() });
  await until("the answers must come", () => heard.length >= count);
  await steady(() => heard.length);
  inbox.unsubscribe();
  return heard;
}

for (const max of [2, 3]) {
  const profile: Profile = { tag: `max ${max}`, allowResponses: { max } };

  Deno.test(`A streaming handler tells an old peer what it can in ${max} messages`, async () => {
    await onProfile(profile, async (stage) => {
      const client = await counting(stage);
      const asks = [["svc.count.0", ""], ["svc.count.1", "1"], ["svc.count.9", "1 500"]];
      if (max === 3) asks.push(["svc.count.2", "1 2"], ["svc.fails.2", "1 422"]);
      for (const [subject, wanted] of asks) {
        // with two messages in all, an error takes the place of the end
        const isEnded = max > 2 || !wanted!.endsWith("500");
        const words = wanted!.split(" ").filter((word) => word !== "");
        const heard = await allHeard(client, subject!, words.length + (isEnded ? 1 : 0));
        assertEquals(heard.filter((word) => word !== ""), words, subject);
        assertEquals(heard.at(-1) === "", isEnded, subject);
      }
    });
  });
}

onEveryProfile("A streaming handler keeps to its messages with a last word", async (stage) => {
  const service = stage.service();
  service.subscriber("svc.count.{to}", {
    middleware: [async (_, next) => {
      await next();
      return "the last word";
    }],
  }, async function* ({ params }) {
    for (let n = 1; n <= Number(params.to); n++) yield n;
  });
  await service.start();
  const client = await stage.plain("client");
  for (const to of [1, 14, 15]) {
    const answer = await client.request(`svc.count.${to}`, "", { timeout: 5_000 });
    assertEquals(answer.json(), 1);
  }
});

onEveryServer("Session.closed reads the reasons of a peer of 0.1", async (server) => {
  await using spy = await Spy.connect(server.url);
  const [service, client] = [server.broker(), server.broker()];
  service.session("svc.talk", async (session) => void await session.closed);
  await service.start();
  await client.connect();
  for (const [said, reason] of [["peer gone", "peer-gone"], ["shutting down", "shutting-down"]]) {
    const session = await client.openSession("svc.talk");
    const ends = await spy.ends("svc.talk");
    const header = `\r\nSignalbox-End: ${said}`;
    await spy.say(`${ends.opener}o1`, { replyTo: `${ends.server}x99`, header });
    assertEquals(await within("it must end", session.closed), reason);
  }
});
