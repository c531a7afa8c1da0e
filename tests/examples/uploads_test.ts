import { assert, assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { bytesOf, digestOf, streamOf } from "../support/objects.ts";
import { within } from "../support/within.ts";
import { type Progress, Uploads } from "./uploads.ts";

const BYTES = bytesOf(3_000_001);

onEveryJetStream(
  "The uploads stream in and out again, whole and in ranges, with a bar",
  async (server) => {
    const broker = server.broker();
    const uploads = new Uploads(broker);
    await broker.start();
    await using http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      uploads.handle,
    );
    const at = `http://127.0.0.1:${http.addr.port}`;
    const url = `${at}/files/${encodeURIComponent("große Datei/1.bin")}`;

    const seen: Progress[] = [];
    const watching = new AbortController();
    const before = await server.subscriptions();
    const bar = await fetch(url.replace("/files/", "/progress/"), { signal: watching.signal });
    const following = (async () => {
      for await (const event of bar.body!.pipeThrough(new TextDecoderStream())) {
        for (const [, data] of event.matchAll(/data: (.*)\n\n/g)) seen.push(JSON.parse(data!));
      }
    })().catch(() => {});
    await until("the bar is subscribed", async () => await server.subscriptions() > before);
    const put = await fetch(url, {
      method: "PUT",
      headers: { "content-type": "image/png" },
      body: streamOf(BYTES, 50_000),
    });
    assertEquals([put.status, (await put.json()).digest], [201, digestOf(BYTES)]);
    await until("the bar is full", () => seen.at(-1)?.stored === BYTES.length);
    assert(
      seen.length === 23 &&
        seen.every(({ stored }, at) => at === 0 || stored > seen[at - 1]!.stored),
    );
    watching.abort();
    await following;

    const got = await fetch(url);
    assertEquals([got.status, got.headers.get("content-type")], [200, "image/png"]);
    assertEquals(new Uint8Array(await got.arrayBuffer()), BYTES);
    for (
      const [range, from, to] of [
        ["bytes=100-299999", 100, 300_000],
        ["bytes=2900000-", 2_900_000, BYTES.length],
        ["bytes=-7", BYTES.length - 7, BYTES.length],
      ] as const
    ) {
      const part = await fetch(url, { headers: { range } });
      assertEquals(part.headers.get("content-range"), `bytes ${from}-${to - 1}/${BYTES.length}`);
      assertEquals(new Uint8Array(await part.arrayBuffer()), BYTES.slice(from, to));
      assertEquals(part.status, 206);
    }
    assertEquals(await (await fetch(`${at}/files`)).json(), ["große Datei/1.bin"]);
    assertEquals((await fetch(url, { method: "DELETE" })).status, 204);
    const gone = await fetch(url);
    assertEquals([gone.status, await gone.text()], [404, ""]);
    const page = await (await fetch(at)).text();
    assert(page.includes("<progress"));
  },
);

onEveryJetStream("The uploads leave nothing of one whose sender goes away", async (server) => {
  const broker = server.broker();
  const uploads = new Uploads(broker);
  await broker.start();
  await using http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, uploads.handle);
  // a body without an end, whose sender goes away in the middle
  const controller = new AbortController();
  const chunks = async () => {
    const request = { subjects_filter: "$O.uploads.C.>" };
    const { body } = await broker.request<{ state: { subjects?: object } }>(
      "$JS.API.STREAM.INFO.OBJ_uploads",
      request,
    );
    return Object.keys(body.state.subjects ?? {}).length;
  };
  const sending = fetch(`http://127.0.0.1:${http.addr.port}/files/x`, {
    method: "PUT",
    signal: controller.signal,
    body: streamOf(BYTES, 200_000, (sent) => sent > 1_000_000 ? new Promise(() => {}) : undefined),
  }).catch(() => "gone");
  await until("some of it is stored", async () => await chunks() === 1);
  controller.abort();
  assertEquals(await within("it must end", sending), "gone");
  await until("nothing is left", async () => await chunks() === 0);
});
