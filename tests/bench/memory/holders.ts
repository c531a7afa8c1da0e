import { connect, createInbox, type NatsConnection } from "@nats-io/transport-deno";
import { brokerOf } from "../ends.ts";
import { serveIdle } from "../idle_service.ts";
import { openAll } from "../idle_sessions.ts";

const SILENT = "bench.silent";
const PAYLOAD = new TextEncoder().encode("sixteen bytes ok");
/** Longer than anything is measured, in milliseconds. */
const LONG = 600_000;
/** So many are made at a time. */
const AT_ONCE = 500;

/** Makes so many more of something, and gives them to whoever is to hold them. */
export type Holder = (count: number) => Promise<readonly unknown[]>;

/** Connects, and knows how to make them from then on. */
type Opening = (servers: string) => Promise<Holder>;

/** What can be held, by name; where the bare client has nothing like it, there is only ours. */
export const HOLDERS: Readonly<
  Record<string, { readonly ours: Opening; readonly rival?: Opening }>
> = {
  "open inbox": { ours: openingInboxes, rival: subscribing },
  "waiting request": { ours: asking, rival: askingBare },
  "idle session, both ends": { ours: openingSessions },
};

async function openingInboxes(servers: string): Promise<Holder> {
  const broker = brokerOf(servers);
  await broker.start();
  return async (count) => {
    const inboxes: unknown[] = [];
    while (inboxes.length < count) {
      const left = Math.min(AT_ONCE, count - inboxes.length);
      inboxes.push(...await Promise.all(Array.from({ length: left }, () => broker.openInbox())));
    }
    return inboxes;
  };
}

async function subscribing(servers: string): Promise<Holder> {
  const client = await connect({ servers });
  return async (count) => {
    const subscriptions = Array.from({ length: count }, () => client.subscribe(createInbox()));
    await client.flush();
    return subscriptions;
  };
}

async function asking(servers: string): Promise<Holder> {
  const listener = await silent(servers);
  const broker = brokerOf(servers);
  await broker.start();
  return async (count) => {
    const options = { timeout: LONG };
    const ask = () => broker.request(SILENT, PAYLOAD, options);
    const answers = Array.from({ length: count }, ask);
    await broker.flush();
    await listener.flush();
    return answers;
  };
}

async function askingBare(servers: string): Promise<Holder> {
  const listener = await silent(servers);
  const client = await connect({ servers });
  return async (count) => {
    const options = { timeout: LONG };
    const ask = () => client.request(SILENT, PAYLOAD, options);
    const answers = Array.from({ length: count }, ask);
    await client.flush();
    await listener.flush();
    return answers;
  };
}

async function openingSessions(servers: string): Promise<Holder> {
  await serveIdle(servers);
  const broker = brokerOf(servers);
  await broker.start();
  return (count) => openAll(broker, count);
}

/** Somebody has to listen, or those who ask are told at once that nobody does. */
async function silent(servers: string): Promise<NatsConnection> {
  const client = await connect({ servers });
  client.subscribe(SILENT, { callback: () => {} });
  await client.flush();
  return client;
}
