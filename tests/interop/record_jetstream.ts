/**
 * Writes down what nats-server says in the conversations with JetStream, times and ids aside; of the topics that are
 * named, or of all:
 * `deno run -A tests/support/jsr/launch.ts run -A tests/interop/record_jetstream.ts streams`
 *
 * With `--check` it writes nothing and names each conversation that differs from what is written down. Some race with what
 * nats-server does by itself, so that one that differs once may not do so again.
 *
 * @module
 */
import { equal } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { awake, type Heard, play } from "./jetstream/play.ts";
import { asText, recordingOf } from "./jetstream/recorded.ts";
import { topics } from "./jetstream/scenes/mod.ts";

await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
const { version } = server;
await awake(server.port);
const isCheck = Deno.args.includes("--check");
const named = Deno.args.filter((arg) => arg !== "--check");
let differing = 0;
for (const topic of named.length > 0 ? named : Object.keys(topics)) {
  const scenes: Record<string, Heard[][]> = {};
  const before = isCheck ? JSON.parse(await Deno.readTextFile(recordingOf(topic))).scenes : {};
  for (const scene of topics[topic]!) {
    const heard = scenes[scene.name] = await play(server.port, scene, before[scene.name]);
    if (!isCheck || equal(heard, before[scene.name])) continue;
    differing++;
    console.log(`differs: ${scene.name}`);
  }
  if (!isCheck) await Deno.writeTextFile(recordingOf(topic), asText({ version, scenes }));
  console.log(`${Object.keys(scenes).length} conversations about ${topic}, nats-server ${version}`);
}
if (differing > 0) Deno.exitCode = 1;
