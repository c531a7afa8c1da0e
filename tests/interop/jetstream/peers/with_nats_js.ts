/**
 * nats.js on streams that it shares with us: what it gets and stores, as lines of JSON; the address of the server is the
 * argument. Its packages are named at run time, as the project does not depend on them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect, headers } = await load("transport-node");
const { AckPolicy, jetstream } = await load("jetstream");

const nc = await connect({ servers: Deno.args[0] });
const js = jetstream(nc);
const manager = await js.jetstreamManager();
const say = (what: string, value: unknown) => console.log(JSON.stringify([what, value]));

/** Takes so many messages of a durable consumer, each acknowledged. */
async function consume(name: string, subject: string, count: number): Promise<void> {
  const config = { durable_name: name, ack_policy: AckPolicy.Explicit, filter_subject: subject };
  await manager.consumers.add("SHOP", config);
  const consumer = await js.consumers.get("SHOP", name);
  for await (const message of await consumer.consume()) {
    const { subject, seq, headers } = message;
    const type = headers?.get("content-type") ?? "";
    say("got", { subject, seq, type, body: message.string(), shop: headers?.get("x-shop") ?? "" });
    await message.ackAck();
    if (--count === 0) break;
  }
}

/** Works beside us on one consumer, until nothing has come for a while. */
async function share(name: string): Promise<void> {
  const consumer = await js.consumers.get("SHOP", name);
  for (;;) {
    const message = await consumer.next({ expires: 1_000 });
    if (!message) return;
    say("shared", message.subject);
    await message.ackAck();
  }
}

await consume("nats-js", "shop.ours.*", 4);

const own = headers();
own.set("x-shop", "b");
const json = headers();
json.set("content-type", "application/json");
const encoder = new TextEncoder();
await js.publish("shop.theirs.object", JSON.stringify({ total: 12 }), { headers: json });
await js.publish("shop.theirs.text", "tea", { headers: own });
await js.publish("shop.theirs.bytes", encoder.encode("\u00ff"));
const once = { msgID: "once" };
await js.publish("shop.theirs.once", "1", once);
say("duplicate", (await js.publish("shop.theirs.once", "1", once)).duplicate);
say("stored", 4);

const ordered = await js.consumers.get("SHOP", { filter_subjects: "shop.theirs.*" });
let left = 4;
for await (const { seq, subject } of await ordered.consume()) {
  say("read", [seq, subject]);
  if (--left === 0) break;
}

await share("shared");

const letters = await js.consumers.get("SHOP_DEAD");
const letter = await letters.next({ expires: 5_000 });
say("dead", {
  subject: letter?.subject,
  body: letter?.string(),
  of: letter?.headers?.get("Signalbox-Dead-Subject"),
  error: letter?.headers?.get("Signalbox-Dead-Error"),
});
await nc.close();
