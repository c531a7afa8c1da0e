import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { awake, play } from "../../interop/jetstream/play.ts";
import { type Recording, recordingOf } from "../../interop/jetstream/recorded.ts";
import { topics } from "../../interop/jetstream/scenes/mod.ts";
import { findServer } from "../../support/nats_server/binary.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";

/** What the embedded server is held to is what the real one said, and says. */
const { version } = await findServer();

for (const [topic, scenes] of Object.entries(topics)) {
  const recording: Recording = JSON.parse(await Deno.readTextFile(recordingOf(topic)));

  Deno.test(`Every conversation about ${topic} was recorded`, () => {
    assertEquals(Object.keys(recording.scenes), scenes.map(({ name }) => name));
  });

  for (const scene of scenes) {
    Deno.test(`EmbeddedServer: ${scene.name} [${topic}]`, async () => {
      await using server = await EmbeddedServer.start();
      const recorded = recording.scenes[scene.name];
      assertEquals(await play(server.port, scene, recorded), recorded);
    });
  }

  Deno.test(`nats-server says of ${topic} what was recorded`, async () => {
    // another version may say it otherwise
    if (version !== recording.version) return;
    await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
    await awake(server.port);
    for (const scene of scenes) {
      const recorded = recording.scenes[scene.name];
      assertEquals(await play(server.port, scene, recorded), recorded, scene.name);
    }
  });
}
