import { type Inbox, type NatsBroker, TimeoutError } from "@signalbox/nats";

const LINK = { keepAlive: 200, resumeTimeout: 600 } as const;
const SOON = { timeout: 500 } as const;

/** What is asked for, and everything of it that has to come back. */
export type Work = (client: NatsBroker, n: number) => Promise<unknown>;

/** Registers what the works ask for. */
export function serve(service: NatsBroker): void {
  service.subscriber("fuzz.echo", ({ body }) => body);
  service.subscriber("fuzz.parts", { streams: LINK }, async function* () {
    for (let part = 0; part < 20; part++) yield { part, text: "x".repeat(50) };
  });
  service.session("fuzz.talk", LINK, async (session) => {
    for await (const { body } of session) await session.send(body);
  });
}

/** Opens one, or gives up; an option for its patience is what only reading has. */
async function inboxOf(client: NatsBroker): Promise<Inbox> {
  const controller = new AbortController();
  const error = new TimeoutError("open an inbox", 1_000);
  const timer = setTimeout(() => controller.abort(error), 1_000);
  try {
    return await client.openInbox({ signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** Each gives something that is the same whenever nothing is broken. */
export const WORKS: Readonly<Record<string, Work>> = {
  async request(client, n) {
    return (await client.request("fuzz.echo", { n, text: "é".repeat(n % 300) }, SOON)).body;
  },
  async nobody(client) {
    return await client.request("fuzz.nobody", 1, SOON).catch((error) => {
      if (error.name === "NoRespondersError") return "nobody";
      throw error;
    });
  },
  async inbox(client, n) {
    await using inbox = await inboxOf(client);
    await client.publish(inbox.subject, n);
    return (await inbox.next(SOON))?.body;
  },
  async many(client, n) {
    const answers = client.requestMany("fuzz.echo", n, { max: 1, ...SOON });
    return (await Array.fromAsync(answers)).map(({ body }) => body);
  },
  async stream(client) {
    const parts = client.requestStream("fuzz.parts", null, { ...LINK, ...SOON, deadline: 2_000 });
    return (await Array.fromAsync(parts)).length;
  },
  async session(client, n) {
    await using session = await client.openSession("fuzz.talk", n, { ...LINK, ...SOON });
    const said = Array.from({ length: 10 }, (_, at) => ({ n, at }));
    for (const body of said) await session.send(body);
    const heard: unknown[] = [];
    for (const _ of said) heard.push((await session.next({ timeout: 2_000 }))?.body);
    return heard;
  },
  async ping(client) {
    return typeof await client.ping(SOON);
  },
  async flush(client) {
    await client.flush(SOON);
  },
};
