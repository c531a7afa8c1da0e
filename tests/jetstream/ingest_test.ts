import { jetstream } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { numbers, readings } from "../support/jetstream/readings.ts";
import { started } from "../support/jetstream/started.ts";
import { until } from "../support/nats_server/until.ts";

const since = "2.14";

onEveryJetStream(
  "js.ingest() stores the items of a pipe in order, by fast batches",
  async (server) => {
    const { js, bodies } = await readings(server);
    const ingest = js.ingest("r.a");
    assertEquals([ingest.isFast, ingest.seq, ingest.stream], [undefined, undefined, undefined]);
    await ReadableStream.from(numbers(3_000)).pipeTo(ingest);
    assertEquals(await bodies(), numbers(3_000));
    assertEquals([ingest.stored, ingest.pending, ingest.uncertain], [3_000, 0, 0]);
    assertEquals(await ingest.closed, {
      reason: "closed",
      error: undefined,
      stored: 3_000,
      uncertain: 0,
      stream: "R",
      seq: 3_000,
    });
    assertEquals(ingest.isFast, true);
  },
  { since },
);

onEveryJetStream(
  "js.ingest() stores items one by one if the stream takes no batches",
  async (server) => {
    const { js, bodies } = await readings(server, { allow_batched: false });
    const ingest = js.ingest("r.a");
    await ReadableStream.from(numbers(300)).pipeTo(ingest);
    const several = js.ingest("r.a", { window: 64 });
    await ReadableStream.from(numbers(300, 300)).pipeTo(several);
    assertEquals(await bodies(), numbers(600));
    assertEquals([ingest.isFast, ingest.stored, ingest.seq], [false, 300, 300]);
    assertEquals([several.isFast, several.stored, several.seq], [false, 300, 600]);
  },
);

onEveryJetStream(
  "js.ingest() fills its pattern with params, and sets headers and a ttl",
  async (server) => {
    const { js } = await readings(server, { allow_msg_ttl: true });
    const ingest = js.ingest("r.{id}.{kind}", { headers: { from: "test", to: "all" } });
    const writer = ingest.getWriter();
    await writer.write({ params: { id: "7", kind: "cold" }, body: -1, headers: { to: "one" } });
    await writer.write({ params: { id: "8", kind: "warm" }, ttl: "1h" });
    await writer.close();
    const found = [];
    for await (const message of js.read("R", { until: "now" })) {
      const { subject, body, headers } = message;
      found.push([
        subject,
        body,
        headers.get("from"),
        headers.get("to"),
        headers.get("Nats-TTL"),
      ]);
    }
    assertEquals(found, [
      ["r.7.cold", -1, "test", "one", undefined],
      ["r.8.warm", undefined, "test", "all", "3600"],
    ]);
  },
  { since },
);

onEveryJetStream(
  "js.ingest() and js.publisher() refuse headers at once that no message could have",
  async (server) => {
    const { js } = await readings(server);
    const wrong = [{ "nats-ttl": "1h" }, { "x a": "1" }, { "x-a": "1\n" }];
    for (const headers of wrong) {
      assertThrows(() => js.ingest("r.a", { headers }), TypeError);
      assertThrows(() => js.publisher("r.a", { headers }), TypeError);
    }
    const { message } = assertThrows(() => js.ingest("r.a", { headers: wrong[0]! }), TypeError);
    assertEquals(
      message,
      'Cannot ingest to "r.a" as a header must not begin with "Nats-": "nats-ttl"',
    );
  },
);

onEveryJetStream(
  "js.ingest() and js.publisher() send the headers of an iterator with each message",
  async (server) => {
    const { js } = await readings(server);
    const once = () => new Map([["from", "test"]]).entries();
    await ReadableStream.from([1, 2]).pipeTo(js.ingest("r.a", { headers: once() }));
    const publisher = js.publisher("r.a", { headers: once() });
    for (const body of [3, 4]) await publisher.publish(body);
    const found = [];
    for await (const { body, headers } of js.read("R", { until: "now" })) {
      found.push([body, headers.get("from")]);
    }
    assertEquals(found, [[1, "test"], [2, "test"], [3, "test"], [4, "test"]]);
  },
);

onEveryJetStream("js.ingest() stores each item of a slow source at once", async (server) => {
  const { js, bodies } = await readings(server);
  const ingest = js.ingest("r.a");
  const writer = ingest.getWriter();
  for (const number of numbers(5)) {
    await writer.write(number);
    await until("it is stored", () => ingest.stored === number + 1);
    assertEquals(ingest.seq, number + 1);
  }
  assertEquals(await bodies(), numbers(5));
  await writer.close();
}, { since });

onEveryJetStream(
  "js.ingest() sends only the items to subscribers of the subject",
  async (server) => {
    const { js, broker, access } = await readings(server);
    const heard: unknown[] = [];
    access.subscribe("r.a", ({ data }) => heard.push(JSON.parse(new TextDecoder().decode(data))));
    await broker.flush();
    await ReadableStream.from(numbers(1_200)).pipeTo(js.ingest("r.a"));
    await until("all is heard", () => heard.length >= 1_200);
    await broker.flush();
    assertEquals(heard, numbers(1_200));
  },
  { since },
);

onEveryJetStream(
  "js.ingest() slows down a writer that is faster than the stream",
  async (server) => {
    const { js } = await readings(server);
    const ingest = js.ingest("r.a", { maxPending: 10, maxPendingBytes: 1_000_000 });
    let most = 0;
    const source = new ReadableStream({
      pull(controller) {
        most = Math.max(most, ingest.pending);
        if (controller.desiredSize! > 0) controller.enqueue(new Uint8Array(200));
        if (ingest.stored >= 500) controller.close();
      },
    });
    await source.pipeTo(ingest);
    assert(most <= 10, `${most}`);
    const large = js.ingest("r.a", { maxPendingBytes: 1_000 });
    const writer = large.getWriter();
    for (const _ of numbers(50)) await writer.write(new Uint8Array(700));
    await writer.close();
    assertEquals(large.stored, 50);
  },
  { since },
);

onEveryJetStream(
  "js.ingest() counts stored items in stats(), and adds its subject to permissions()",
  async (server) => {
    const { broker, create } = await started(server);
    await create({ name: "R", subjects: ["r.>"], allow_batched: true });
    const js = jetstream(broker);
    await ReadableStream.from(numbers(30)).pipeTo(js.ingest("r.a"));
    assertEquals(
      broker.stats().doors.find(({ name }) => name === "jetstream")?.counts.published,
      30,
    );
    assert((broker.permissions().publish as string[]).includes("r.a"));
  },
  { since },
);
