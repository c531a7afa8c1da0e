import type { AnyParams } from "@signalbox/nats";
import { consumer, jetstream, stream, workQueue } from "@signalbox/nats/jetstream";
import { assertEquals, assertThrows } from "@std/assert";
import { type Backend, onEveryJetStream, onNatsServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";

const TRANSFORM = { src: "raw.*", dest: "clean.{{wildcard(1)}}" };

onEveryJetStream(
  "A consumer and a reader of a stream with a transform get what it holds, under its own subjects",
  async (server) => {
    const clean = stream("CLEAN", {
      subjects: ["raw.{id}"],
      subjectTransform: TRANSFORM,
      declare: "create",
    });
    const broker = server.broker();
    const js = jetstream(broker, { streams: [clean] });
    const seen: unknown[] = [];
    broker.subscriber(consumer(clean, "all"), ({ subject, params }) => {
      const any: AnyParams = params;
      seen.push(["all", subject, { ...any }]);
    });
    broker.subscriber(
      consumer(clean, "named", { subject: "clean.{id}" }),
      ({ subject, params }) => {
        seen.push(["named", subject, params.id]);
      },
    );
    await broker.start();
    await js.publish("raw.7", "x");
    await until("both have it", () => seen.length === 2);
    assertEquals(seen.sort(), [["all", "clean.7", {}], ["named", "clean.7", "7"]]);
    const read = js.read(clean, { subject: "clean.{id}", until: "now" });
    assertEquals(await Array.fromAsync(read, ({ params }) => params.id), ["7"]);
  },
);

Deno.test("A consumer of a stream with sources gets their messages, too, and may name their subjects", async () => {
  await onNatsServer(async (server: Backend) => {
    const origin = stream("ORIGIN", { subjects: ["from.{id}"], declare: "create" });
    const gathered = stream("GATHERED", {
      subjects: ["own.{id}"],
      sources: [{ name: "ORIGIN" }],
      declare: "create",
    });
    const broker = server.broker();
    const js = jetstream(broker, { streams: [origin] });
    const seen: string[] = [];
    broker.subscriber(consumer(gathered, "all"), ({ subject }) => void seen.push(subject));
    broker.subscriber(consumer(gathered, "theirs", { subject: "from.{id}" }), ({ params }) => {
      seen.push(params.id);
    });
    await broker.start();
    await js.publish("own.1");
    await js.publish("from.2");
    await until("all is there", () => seen.length === 3);
    assertEquals(seen.sort(), ["2", "from.2", "own.1"]);
  }, { jetstream: true });
});

Deno.test("workQueue() with a transform has consumers of any subject, and of its own without one", () => {
  const jobs = workQueue("JOBS", { subjects: ["raw.{id}"], subjectTransform: TRANSFORM });
  assertEquals(consumer(jobs, "clean", { subject: "clean.{id}" }).name, "clean");
  const plain = workQueue("PLAIN", { subjects: ["raw.{id}"] });
  // @ts-expect-error the compiler says that it is outside
  const outside = () => consumer(plain, "clean", { subject: "clean.{id}" });
  assertThrows(outside, TypeError, "within those of the stream");
});
