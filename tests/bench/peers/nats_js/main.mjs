import process from "node:process";
import { driven, versionOf } from "../driven.mjs";
import { stored } from "../stored.mjs";

const transport = globalThis.Deno ? "@nats-io/transport-deno" : "@nats-io/transport-node";
const { connect } = await import(transport);
const { NATS_URL: servers, SUBJECT, PLACE } = process.env;
/** On Deno from npm as well, into its own cache. */
const doorOf = (name) => import(globalThis.Deno ? `npm:@nats-io/${name}@3` : `@nats-io/${name}`);

const { sendWithoutDelay } = process.argv.includes("--no-delay")
  ? await import("../../without_delay.ts")
  : { sendWithoutDelay() {} };

const server = await connect({ servers });
sendWithoutDelay(server);
server.subscribe(SUBJECT, {
  callback: (_error, message) => {
    const { item, count } = message.json();
    message.respond(JSON.stringify({ item, count: count * 2 }));
  },
});
await server.flush();

const client = await connect({ servers });
sendWithoutDelay(client);

async function open() {
  const [{ jetstream }, { Kvm }, { Objm }] = await Promise.all(
    ["jetstream", "kv", "obj"].map(doorOf),
  );
  const js = jetstream(client, { timeout: 10_000 });
  const bucket = await new Kvm(js).open(PLACE);
  const objects = await new Objm(js).open(PLACE);
  return {
    publish: async (body) => (await js.publish(`${SUBJECT}.stored`, body)).seq,
    put: (key, value) => bucket.put(key, value),
    get: async (key) => (await bucket.get(key))?.value,
    putObject: (name, body) => objects.put({ name }, body),
    getObject: async (name) => (await objects.get(name)).data,
  };
}

await driven({
  version: globalThis.Deno
    ? import.meta.resolve(transport).match(/[@/](\d+\.\d+\.\d+)\//)?.[1] ?? "unknown"
    : versionOf(transport),
  request: async (order) => {
    const message = await client.request(SUBJECT, JSON.stringify(order), { timeout: 10_000 });
    return message.json();
  },
  publish: (subject, order) => client.publish(subject, JSON.stringify(order)),
  flush: () => client.flush(),
  works: stored(open),
});
