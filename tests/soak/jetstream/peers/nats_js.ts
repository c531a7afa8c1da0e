/**
 * Publishes or works as a program with nats.js does, by its documentation: `work` or `publish` and an order as JSON are its
 * arguments. Its packages are named at run time, as the project does not depend on them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect } = await load("transport-node");
const { AckPolicy, jetstream, jetstreamManager } = await load("jetstream");

const [what, text] = Deno.args;
const { servers, journal, plan } = JSON.parse(text!);
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const connection = await connect({ servers, maxReconnectAttempts: -1, timeout: 5_000 });
const js = jetstream(connection);

async function publish(): Promise<void> {
  const failures: Record<string, number> = {};
  let stored = 0;
  const all: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; n < plan.messages; await sleep(20)) {
    while (n < (performance.now() - began) * plan.rate / 1_000 && n < plan.messages) {
      const id = n++;
      const published = js.publish(`jobs.${id}`, JSON.stringify({ n: id }), { msgID: `job-${id}` });
      all.push(published.then(() => void stored++, ({ name }: Error) => {
        failures[name] = (failures[name] ?? 0) + 1;
      }));
    }
  }
  await Promise.all(all);
  console.log(JSON.stringify({ stored, failures }));
  Deno.exit(0);
}

async function work(): Promise<void> {
  const { poison, rejected, killer } = plan.kinds;
  const file = await Deno.open(journal, { append: true, create: true });
  const write = (...words: unknown[]) =>
    file.writeSync(new TextEncoder().encode(`${Date.now()} ${words.join(" ")}\n`));
  const manager = await jetstreamManager(connection);
  await manager.consumers.add("JOBS", {
    durable_name: "work",
    ack_policy: AckPolicy.Explicit,
    ack_wait: plan.ackWait * 1_000_000,
    max_deliver: plan.attempts,
  });
  const handle = async (message: Loose) => {
    const { n } = message.json();
    write("began", n, message.seq, message.info.deliveryCount);
    const kills = n % killer === Math.floor(killer / 2);
    await sleep(kills ? 50 : n % 20);
    if (kills) Deno.kill(Deno.pid, "SIGKILL");
    if (n % rejected === 13) return message.term("it is not wanted");
    if (n % poison === 7) return message.nak(200);
    write("done", n);
    if (await message.ackAck().catch(() => false)) write("confirmed", message.seq);
  };
  const consumer = await js.consumers.get("JOBS", "work");
  const messages = await consumer.consume({ max_messages: plan.concurrency, callback: handle });
  console.log("ready");
  for await (const _ of Deno.stdin.readable);
  await messages.close();
}

addEventListener("unhandledrejection", (event) => event.preventDefault());
await (what === "publish" ? publish() : work());
Deno.exit(1);
