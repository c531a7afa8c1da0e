import { type Bucket, kv } from "@signalbox/nats/kv";
import { objects } from "@signalbox/nats/obj";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";

const KEYS = 200;
const HALF = Array.from({ length: KEYS / 2 }, (_, at) => at * 2);
const ROUNDS = 6;

/** Runs rounds while `write` puts each second key again and again; returns how many keys each has left out. */
async function whileWriting(
  write: (key: number) => Promise<unknown>,
  round: () => Promise<Iterable<unknown>>,
): Promise<number[]> {
  let isOn = true;
  const writing = (async () => {
    while (isOn) await Promise.all(HALF.map(write));
  })();
  const missing: number[] = [];
  for (let at = 0; at < ROUNDS; at++) {
    const listed = [...await round()];
    assertEquals(new Set(listed).size, listed.length, "each is there once");
    missing.push(KEYS - listed.length);
  }
  isOn = false;
  await writing;
  return missing;
}

const NONE = Array.from({ length: ROUNDS }, () => 0);

onEveryJetStream(
  "Bucket.keys(), history() and mirror() leave out no key that is replaced while they read",
  async (server) => {
    const broker = server.broker();
    const bucket: Bucket<number> = kv<number>(broker, "hot", { declare: "create" });
    await broker.start();
    for (let key = 0; key < KEYS; key++) await bucket.put(`key_${key}`, 0);
    const write = (key: number) => bucket.put(`key_${key}`, 1);

    assertEquals(await whileWriting(write, () => Array.fromAsync(bucket.keys())), NONE);
    const history = async () => new Set(await Array.fromAsync(bucket.history(), ({ key }) => key));
    assertEquals(await whileWriting(write, history), NONE);
    const mirrored = async () => {
      await using mirror = await bucket.mirror().ready;
      return [...mirror.keys()];
    };
    assertEquals(await whileWriting(write, mirrored), NONE);
  },
);

onEveryJetStream(
  "Bucket.changes() says that all is told that was there once no key is missing that is replaced meanwhile",
  async (server) => {
    const broker = server.broker();
    const bucket = kv<number>(broker, "hot", { declare: "create" });
    await broker.start();
    for (let key = 0; key < KEYS; key++) await bucket.put(`key_${key}`, 0);
    const told = async () => {
      await using reader = await bucket.changes().open();
      const keys = new Set<string>();
      let isTold = false;
      reader.initial.then(() => isTold = true);
      while (!isTold) {
        const message = await reader.next();
        if (message) keys.add(message.change.key);
        await Promise.resolve();
      }
      return keys;
    };
    assertEquals(await whileWriting((key) => bucket.put(`key_${key}`, 1), told), NONE);
  },
);

onEveryJetStream(
  "Objects.list() leaves out no object that is replaced while it reads",
  async (server) => {
    const broker = server.broker();
    const files = objects(broker, "hot", { declare: "create" });
    await broker.start();
    for (let key = 0; key < KEYS; key++) await files.put(`file ${key}`, new Uint8Array(3));
    const write = (key: number) => files.put(`file ${key}`, new Uint8Array(4));
    const list = () => Array.fromAsync(files.list(), ({ name }) => name);
    assertEquals(await whileWriting(write, list), NONE);
  },
);

onEveryJetStream(
  "js.read() of the last message of each subject leaves out none that is replaced meanwhile",
  async (server) => {
    const broker = server.broker();
    const states = stream("STATES", {
      subjects: ["states.*"],
      maxMsgsPerSubject: 1,
      declare: "create",
    });
    const js = jetstream(broker, { streams: [states] });
    await broker.start();
    for (let key = 0; key < KEYS; key++) await js.publish(`states.${key}`, 0);
    const subjects = async () => {
      const read = js.read(states, { from: "last-per-subject", until: "now" });
      return new Set(await Array.fromAsync(read, ({ subject }) => subject));
    };
    assertEquals(await whileWriting((key) => js.publish(`states.${key}`, 1), subjects), NONE);
  },
);
