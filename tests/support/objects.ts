import type { NatsBroker } from "@signalbox/nats";
import type { ObjectsOptions, StoredObject } from "@signalbox/nats/obj";
import { objects } from "@signalbox/nats/obj";
import { createHash } from "node:crypto";

/** Bytes that repeat nothing within any chunk, and are the same each time. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed >>> 0;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** The same bytes as a stream of parts of this size; `between` is awaited before each. */
export function streamOf(
  bytes: Uint8Array,
  size: number,
  between: (sent: number) => unknown = () => {},
): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await between(sent);
      if (sent >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(sent, sent += size));
    },
  }, { highWaterMark: 0 });
}

/** All bytes of an object. */
export async function readWhole(object: StoredObject | undefined): Promise<Uint8Array> {
  if (!object) throw new Error("Cannot read the object as it must be there: it is not");
  return new Uint8Array(await new Response(object.readable).arrayBuffer());
}

/** The digest as an info has it. */
export function digestOf(bytes: Uint8Array): string {
  const digest = createHash("sha256").update(bytes).digest("base64");
  return `SHA-256=${digest.replaceAll("+", "-").replaceAll("/", "_")}`;
}

/** The bucket `files`, which is made at the start of the broker. */
export async function filesOn(broker: NatsBroker, options: ObjectsOptions = {}) {
  const files = objects(broker, "files", { declare: "create", ...options });
  await broker.start();
  return files;
}

/** Asks the JetStream API. */
// deno-lint-ignore no-explicit-any -- each call has a shape of its own
export async function askJetStream(broker: NatsBroker, call: string, request = {}): Promise<any> {
  return (await broker.request(`$JS.API.${call}`, request)).body;
}

/** How many chunks the bucket has of each id. */
export async function chunksIn(broker: NatsBroker): Promise<Readonly<Record<string, number>>> {
  const request = { subjects_filter: "$O.files.C.>" };
  return (await askJetStream(broker, "STREAM.INFO.OBJ_files", request)).state.subjects ?? {};
}

/** How many consumers the bucket has. */
export async function consumersIn(broker: NatsBroker): Promise<number> {
  return (await askJetStream(broker, "STREAM.INFO.OBJ_files")).state.consumer_count;
}

/** Where the info of an object stands. */
export function infoSubject(name: string): string {
  const token = new TextEncoder().encode(name).toBase64({ alphabet: "base64url" });
  return `$O.files.M.${token}`;
}

/** Stores what a peer may have written. */
export async function store(broker: NatsBroker, subject: string, body: unknown): Promise<void> {
  await broker.request(subject, body);
}
