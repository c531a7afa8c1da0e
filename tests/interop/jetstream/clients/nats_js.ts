/**
 * What nats.js sees of JetStream, line by line; the address of the server is the argument. Its packages are named at run
 * time, as the project does not depend on them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect } = await load("transport-node");
const { AckPolicy, jetstream, jetstreamManager } = await load("jetstream");
const { Kvm } = await load("kv");
const { Objm } = await load("obj");

async function attempt(label: string, action: () => unknown): Promise<void> {
  try {
    console.log(label, "->", JSON.stringify(await action()));
  } catch (error) {
    const { name, message, code } = error as Error & { code?: unknown };
    console.log(label, "->", name, code ?? "", message);
  }
}

async function streams(js: Loose, jsm: Loose): Promise<void> {
  const state = (info: Loose) => [info.config.subjects, info.state.messages, info.state.last_seq];
  const S = { name: "S", subjects: ["s.>"], allow_direct: true, allow_atomic: true };
  await attempt("add", async () => state(await jsm.streams.add(S)));
  await attempt("add another", () => jsm.streams.add({ ...S, max_msgs: 5 }));
  await attempt("add overlapping", () => jsm.streams.add({ name: "T", subjects: ["s.a"] }));
  for (let i = 0; i < 4; i++) await attempt("publish", () => js.publish(`s.${i}`, "x"));
  const once = () => js.publish("s.id", "x", { msgID: "1" });
  for (let i = 0; i < 2; i++) await attempt("publish once", once);
  const late = { expect: { lastSequence: 1 } };
  await attempt("publish too late", () => js.publish("s.a", "x", late));
  await attempt("publish to nobody", () => js.publish("nobody", "x"));
  await attempt("publish a batch", async () => {
    const batch = await js.startBatch("s.b", "1");
    batch.add("s.b", "2");
    const { count, seq } = await batch.commit("s.b", "3");
    return [count, seq];
  });
  const body = (message: Loose) => message && [message.subject, message.seq, message.string()];
  await attempt("get", async () => body(await jsm.streams.getMessage("S", { seq: 3 })));
  await attempt("get nothing", async () => body(await jsm.streams.getMessage("S", { seq: 99 })));
  await attempt("get directly", async () => {
    const found = [];
    for await (const one of await jsm.direct.getLastMessagesFor("S", { multi_last: ["s.>"] })) {
      found.push(body(one));
    }
    return found;
  });
  await attempt("delete", () => jsm.streams.deleteMessage("S", 2));
  await attempt("delete again", () => jsm.streams.deleteMessage("S", 2));
  await attempt("purge", () => jsm.streams.purge("S", { filter: "s.b", keep: 1 }));
  await attempt("info", async () => {
    const { state } = await jsm.streams.info("S", { subjects_filter: ">" });
    return Object.entries(state.subjects).sort();
  });
  await attempt("info of nothing", () => jsm.streams.info("NOTHING"));
}

async function consumers(js: Loose, jsm: Loose): Promise<void> {
  const config = { durable_name: "worker", ack_policy: AckPolicy.Explicit, max_deliver: 2 };
  await attempt("add", async () => (await jsm.consumers.add("S", config)).num_pending);
  await attempt("change", () => jsm.consumers.add("S", { ...config, ack_policy: AckPolicy.All }));
  const worker = await js.consumers.get("S", "worker");
  const seen = ({ subject, seq, info }: Loose) => [subject, seq, info.deliveryCount, info.pending];
  await attempt("fetch", async () => {
    const found = [];
    for await (const message of await worker.fetch({ max_messages: 3, expires: 1_000 })) {
      found.push(seen(message));
      message.ack();
    }
    return found;
  });
  const message = await worker.next();
  message.nak();
  // nats-server may serve a request before a refusal that came first
  await new Promise((resolve) => setTimeout(resolve, 200));
  const again = await worker.next();
  await attempt("refused", () => seen(again));
  await attempt("acknowledge", () => again.ackAck());
  await attempt("ordered", async () => {
    const found = [];
    const ordered = await js.consumers.get("S", { filter_subjects: "s.id" });
    for await (const one of await ordered.consume()) {
      found.push(seen(one));
      break;
    }
    return found;
  });
  const until = new Date(Date.now() + 3_600_000);
  await attempt("pause", async () => (await jsm.consumers.pause("S", "worker", until)).paused);
  await attempt("resume", async () => (await jsm.consumers.resume("S", "worker")).paused);
  await attempt("find nothing", () => js.consumers.get("S", "nothing"));
  await attempt("delete", () => jsm.consumers.delete("S", "worker"));
}

async function buckets(connection: Loose): Promise<void> {
  const bucket = await new Kvm(connection).create("B", { history: 3 });
  const watched: unknown[] = [];
  const watcher = await bucket.watch();
  const entry = (one: Loose) => one && [one.key, one.revision, one.operation, one.string()];
  const watching = (async () => {
    for await (const one of watcher) if (watched.push(entry(one)) === 4) break;
  })();
  await attempt("put", () => bucket.put("k", "1"));
  await attempt("create what is there", () => bucket.create("k", "1"));
  await attempt("update", () => bucket.update("k", "2", 1));
  await attempt("update too late", () => bucket.update("k", "3", 1));
  await attempt("delete", () => bucket.delete("k"));
  await attempt("get what is deleted", async () => entry(await bucket.get("k")));
  await attempt("create anew", () => bucket.create("k", "4"));
  await watching;
  console.log("watched", JSON.stringify(watched));
  await attempt("purge", () => bucket.purge("k"));
  await attempt("destroy", () => bucket.destroy());
}

async function objects(connection: Loose): Promise<void> {
  const store = await new Objm(connection).create("O");
  await attempt("put", async () => {
    const { size, chunks, digest } = await store.putBlob({ name: "f" }, new Uint8Array(300_000));
    return [size, chunks, digest];
  });
  await attempt("get", async () => (await store.getBlob("f")).length);
  await attempt("list", async () => (await store.list()).map(({ name }: Loose) => name));
  await attempt("delete", async () => (await store.delete("f")).purged);
  await attempt("get what is deleted", () => store.getBlob("f"));
  await attempt("destroy", () => store.destroy());
}

const connection = await connect({ servers: Deno.args[0] });
const [js, jsm] = [jetstream(connection), await jetstreamManager(connection)];
await streams(js, jsm);
await consumers(js, jsm);
await buckets(connection);
await objects(connection);
await attempt("account", async () => {
  const { streams, consumers, api } = await jsm.getAccountInfo();
  return [streams, consumers, api.level, api.errors];
});
await connection.close();
