/**
 * Uploads over HTTP, with a progress bar: bodies stream into a bucket of objects and out again, of any length and whole
 * or in ranges; the bar follows how much is stored, also in another window.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/uploads.ts   # then open http://localhost:8000
 * curl -T big.iso http://localhost:8000/files/big.iso && curl -r 0-99 http://localhost:8000/files/big.iso
 * ```
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import {
  LimitError,
  type ObjectRange,
  type Objects,
  objects,
  type StoredObject,
} from "@signalbox/nats/obj";
import { EmbeddedServer } from "@signalbox/nats/testing";

/** How far an upload is, as others are told. */
export type Progress = { readonly stored: number; readonly of: number | undefined };

const PAGE = `<!doctype html><meta charset="utf-8"><title>Uploads</title>
<input type="file"><progress max="1" value="0"></progress><ul></ul>
<script type="module">
const [input, bar, list] = document.querySelectorAll("input, progress, ul");
const show = async () => {
  const names = await (await fetch("/files")).json();
  list.replaceChildren(...names.map((name) => {
    const link = Object.assign(document.createElement("a"), { textContent: name });
    link.href = "/files/" + encodeURIComponent(name);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
};
input.onchange = async () => {
  const [file] = input.files;
  const path = encodeURIComponent(file.name);
  const progress = new EventSource("/progress/" + path);
  progress.onmessage = ({ data }) => bar.value = JSON.parse(data).stored / file.size;
  await fetch("/files/" + path, { method: "PUT", body: file });
  progress.close();
  await show();
};
await show();
</script>`;

/** Answers requests by a bucket. */
export class Uploads {
  readonly #broker: NatsBroker;
  readonly #files: Objects;

  /** Makes the bucket as the broker starts. */
  constructor(broker: NatsBroker) {
    this.#broker = broker;
    this.#files = objects(broker, "uploads", { declare: "create", ttl: "30d" });
  }

  /** Serves `GET /files`, `PUT`, `GET`, `DELETE /files/{name}` and `GET /progress/{name}`. */
  readonly handle = async (request: Request): Promise<Response> => {
    const [, room, ...rest] = new URL(request.url).pathname.split("/");
    const name = decodeURIComponent(rest.join("/"));
    const call = name === "" ? `${request.method} /${room}` : `${request.method} /${room}/{name}`;
    switch (call) {
      case "GET /":
        return new Response(PAGE, { headers: { "content-type": "text/html" } });
      case "GET /files":
        return Response.json((await Array.fromAsync(this.#files.list())).map(({ name }) => name));
      case "PUT /files/{name}":
        return await this.#put(name, request);
      case "GET /files/{name}":
        return await this.#get(name, request);
      case "DELETE /files/{name}":
        return new Response(null, { status: await this.#files.delete(name) ? 204 : 404 });
      case "GET /progress/{name}":
        return this.#progress(name, request.signal);
      default:
        return new Response(null, { status: 404 });
    }
  };

  /** The body goes on into the bucket part by part; whoever goes away gives the upload up, which leaves nothing. */
  async #put(name: string, request: Request): Promise<Response> {
    const { headers, signal } = request;
    const type = headers.get("content-type") ?? "application/octet-stream";
    const length = headers.get("content-length");
    const of = length === null ? undefined : Number(length);
    const subject = subjectOf(name);
    try {
      const { size, digest } = await this.#files.put(name, request.body ?? new Uint8Array(), {
        headers: { "content-type": type },
        signal,
        onProgress: (stored) => this.#broker.publish(subject, { stored, of } satisfies Progress),
      });
      return Response.json({ name, size, digest }, { status: 201 });
    } catch (error) {
      // of one who has gone away nothing is stored, and nobody reads this
      const status = error instanceof LimitError ? 507 : 500;
      return new Response(`Not stored: ${(error as Error).message}`, { status });
    }
  }

  async #get(name: string, { headers, signal }: Request): Promise<Response> {
    const range = rangeOf(headers.get("range"));
    const found = await this.#files.get(name, { signal, ...range && { range } });
    if (!found) return new Response(null, { status: 404 });
    return new Response(found.readable, { status: range ? 206 : 200, headers: headersOf(found) });
  }

  /** What is stored of an upload, as it is told by whichever process takes it. */
  #progress(name: string, signal: AbortSignal): Response {
    const inbox = this.#broker.subscriber(subjectOf(name));
    const events = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        await inbox.start();
        signal.addEventListener("abort", () => inbox.stop());
        for await (const { body } of inbox) {
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(body)}\n\n`));
        }
      },
      cancel: () => inbox.stop(),
    });
    return new Response(events, { headers: { "content-type": "text/event-stream" } });
  }
}

/** Of HTTP, where the last byte is included, and one number may be left out. */
function rangeOf(header: string | null): ObjectRange | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "") return to === "" ? undefined : [-Number(to)];
  return to === "" ? [Number(from)] : [Number(from), Number(to) + 1];
}

function headersOf({ size, part, headers, digest = "" }: StoredObject): Headers {
  const given = new Headers({
    "content-type": headers.get("content-type") ?? "application/octet-stream",
    "content-length": String(part.end - part.start),
    "etag": JSON.stringify(digest),
  });
  if (part.end - part.start < size) {
    given.set("content-range", `bytes ${part.start}-${part.end - 1}/${size}`);
  }
  return given;
}

/** A name is any text, and a token of a subject is not. */
function subjectOf(name: string): string {
  const token = new TextEncoder().encode(name).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  return `uploads.${token}.progress`;
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") ?? (await EmbeddedServer.start()).url;
  const broker = new NatsBroker(url);
  const uploads = new Uploads(broker);
  await broker.start();
  Deno.serve(uploads.handle);
}
