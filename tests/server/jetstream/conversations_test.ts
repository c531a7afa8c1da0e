import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { awake, play } from "../../interop/jetstream/play.ts";
import { type Recording, recordingOf } from "../../interop/jetstream/recorded.ts";
import { topics } from "../../interop/jetstream/scenes/mod.ts";
import { findServer } from "../../support/nats_server/binary.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";

/** Topics that are asked of nats-server too. In others it races with itself: `record_jetstream.ts --check` asks them. */
const REFUSALS = ["bad_input", "consumer_bad_input"];
/** A stream of nats-server's own events may begin with one of what was done before. */
const OWN_EVENTS = "$JS.EVENT.>";
const { version } = await findServer();

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

  if (!REFUSALS.includes(topic)) continue;
  const isOther = version !== recording.version;
  const told = isOther ? ` (recorded from ${recording.version}, this is ${version})` : "";
  Deno.test({
    name: `nats-server says what was recorded in conversations about ${topic}${told}`,
    ignore: isOther,
    async fn(test) {
      await using server = await NatsServer.start({
        config: 'jetstream: { store_dir: "streams" }',
      });
      await awake(server.port);
      for (const scene of scenes.filter(({ name }) => !name.includes(OWN_EVENTS))) {
        const recorded = recording.scenes[scene.name];
        await test.step(scene.name, async () => {
          assertEquals(await play(server.port, scene, recorded), recorded);
        });
      }
    },
  });
}
