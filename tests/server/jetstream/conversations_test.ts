import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { play } from "../../interop/jetstream/play.ts";
import { type Recording, recordingOf } from "../../interop/jetstream/recorded.ts";
import { topics } from "../../interop/jetstream/scenes/mod.ts";

// what the real one says is compared by `tests/interop/record_jetstream.ts --check`
for (const [topic, scenes] of Object.entries(topics)) {
  const recording: Recording = JSON.parse(await Deno.readTextFile(recordingOf(topic)));

  Deno.test(`EmbeddedServer: every conversation about ${topic} was recorded`, () => {
    assertEquals(Object.keys(recording.scenes), scenes.map(({ name }) => name));
  });

  for (const scene of scenes) {
    Deno.test(`EmbeddedServer: ${scene.name} [${topic}]`, async () => {
      await using server = await EmbeddedServer.start();
      const recorded = recording.scenes[scene.name];
      assertEquals(await play(server.port, scene, recorded), recorded);
    });
  }
}
