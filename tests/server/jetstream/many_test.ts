import { assert, assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { onEveryServer } from "../../support/backends.ts";
import { FrameClient } from "../../support/jetstream/frame_client.ts";
import { usedMemory } from "../../support/memory.ts";

const MIB = 2 ** 20;
/** nats-server drops in silence what comes while too many wait to be stored. */
const AT_ONCE = 1_000;

/** Publishes so many messages, each acknowledged part of them after the other. */
async function flood(client: FrameClient, count: number, subject: (i: number) => string) {
  for (let from = 0; from < count; from += AT_ONCE) {
    let text = "";
    const last = from + AT_ONCE - 1;
    for (let i = from; i < last; i++) text += `PUB ${subject(i)} 3\r\nxyz\r\n`;
    await client.say(text);
    await client.json(subject(last), "xyz");
  }
}

onEveryServer(
  "EmbeddedServer: A stream of 100000 subjects is told, read and purged by subject",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    const config = { name: "A", subjects: ["a.>"], storage: "memory", allow_direct: true };
    await client.json("$JS.API.STREAM.CREATE.A", config);
    await flood(client, 100_000, (i) => `a.${i % 100}.${i}`);
    const { state, total } = await client.json("$JS.API.STREAM.INFO.A", { subjects_filter: ">" });
    assertEquals([state.num_subjects, total, state.messages], [100_000, 100_000, 100_000]);
    assertEquals(Object.keys(state.subjects).length, 100_000);
    const [last] = await client.ask("$JS.API.DIRECT.GET.A.a.77.99977");
    assertEquals(last!.body, "xyz");
    const purged = await client.json("$JS.API.STREAM.PURGE.A", { filter: "a.7.*" });
    assertEquals(purged.purged, 1_000);
    const rest = await client.json("$JS.API.STREAM.INFO.A");
    assertEquals(rest.state.num_subjects, 99_000);
  },
  { jetstream: true },
);

Deno.test("EmbeddedServer keeps the last thousand of many messages where a stream says so, and refuses a million at the bound", async () => {
  const maxMemory = 32 * MIB;
  await using server = await EmbeddedServer.start({ jetstream: { maxMemory } });
  await using client = await FrameClient.connect(server.port);
  const before = usedMemory();
  const config = { name: "A", subjects: ["a.*"], max_msgs: 1_000, duplicate_window: 0 };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  await flood(client, 100_000, (i) => `a.${i % 10}`);
  const { state } = await client.json("$JS.API.STREAM.INFO.A");
  assertEquals([state.messages, state.first_seq, state.last_seq], [1_000, 99_001, 100_000]);
  await client.json("$JS.API.STREAM.CREATE.B", { name: "B", subjects: ["b"] });
  await flood(client, 1_000_000, () => "b");
  const kept = (await client.json("$JS.API.STREAM.INFO.B")).state;
  assert(kept.messages > 50_000 && kept.messages < 100_000, `${kept.messages} are kept`);
  assertEquals(kept.last_seq, kept.messages, "what is refused takes no sequence");
  assertEquals((await client.json("b", "xyz")).error.err_code, 10_023);
  const used = usedMemory() - before;
  assert(used < 3 * maxMemory, `${Math.round(used / MIB)} MiB are held`);
});
