/**
 * Writes down what nats-server says in every conversation with JetStream, times and ids aside:
 * `deno run -A tests/support/jsr/launch.ts run -A tests/interop/record_jetstream.ts`
 *
 * @module
 */
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { type Heard, play } from "./jetstream/play.ts";
import { RECORDING, type Recording } from "./jetstream/recorded.ts";
import { scenes } from "./jetstream/scenes/mod.ts";

await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
const heard: Record<string, Heard[][]> = {};
for (const scene of scenes) heard[scene.name] = await play(server.port, scene);
const lines = Object.entries(heard).map(([name, steps]) =>
  `    ${JSON.stringify(name)}: [\n${
    steps.map((frames) => `      ${JSON.stringify(frames)}`).join(",\n")
  }\n    ]`
);
const recording = { version: server.version, scenes: {} } satisfies Recording;
const text = JSON.stringify(recording, null, 2).replace(
  '"scenes": {}',
  () => `"scenes": {\n${lines.join(",\n")}\n  }`,
);
await Deno.writeTextFile(RECORDING, text + "\n");
console.log(`${scenes.length} conversations with nats-server ${server.version}`);
