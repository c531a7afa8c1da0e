/**
 * Writes down what nats-server says in the conversations with JetStream, times and ids aside; of the topics that are
 * named, or of all:
 * `deno run -A tests/support/jsr/launch.ts run -A tests/interop/record_jetstream.ts streams`
 *
 * @module
 */
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { awake, type Heard, play } from "./jetstream/play.ts";
import { asText, recordingOf } from "./jetstream/recorded.ts";
import { topics } from "./jetstream/scenes/mod.ts";

await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
const { version } = server;
await awake(server.port);
for (const topic of Deno.args.length > 0 ? Deno.args : Object.keys(topics)) {
  const scenes: Record<string, Heard[][]> = {};
  for (const scene of topics[topic]!) scenes[scene.name] = await play(server.port, scene);
  await Deno.writeTextFile(recordingOf(topic), asText({ version, scenes }));
  console.log(`${Object.keys(scenes).length} conversations about ${topic}, nats-server ${version}`);
}
