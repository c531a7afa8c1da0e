import { createHash } from "node:crypto";
import type { NatsBroker } from "../../../mod.ts";
import { type JetStream, jetstream, stream } from "../../../src/jetstream/mod.ts";
import { kv } from "../../../src/kv/mod.ts";
import { type Objects, objects } from "../../../src/obj/mod.ts";
import { AT_ONCE, inLanes } from "../lanes.ts";
import type { Peer } from "./peer.ts";
import { body } from "./stored.mjs";

/** Where everyone stores, and how large an object is. */
export interface PlaceOptions {
  readonly storage: "memory" | "file";
  readonly megabytes: number;
}

const VALUE = new TextEncoder().encode("sixteen bytes ok");
/** Few, so that neither disk nor memory is what is measured. */
const MOST = 10_000;

/** A stream and two buckets of each peer, alike for all; ours makes them and looks into them. */
export class Places {
  readonly megabytes: number;
  readonly #broker: NatsBroker;
  readonly #storage: PlaceOptions["storage"];
  readonly #made = new Map<Peer, Promise<Place>>();
  #digest: Promise<string> | undefined;

  constructor(broker: NatsBroker, { storage, megabytes }: PlaceOptions) {
    this.#broker = broker;
    this.#storage = storage;
    this.megabytes = megabytes;
  }

  /** Makes them the first time. */
  of(peer: Peer): Promise<Place> {
    let made = this.#made.get(peer);
    if (!made) this.#made.set(peer, made = this.#make(peer));
    return made;
  }

  /** What an object's digest must be. */
  digest(): Promise<string> {
    return this.#digest ??= digestOf(body(this.megabytes));
  }

  async #make({ subject, place }: Peer): Promise<Place> {
    const options = { storage: this.#storage, declare: "create" } as const;
    const subjects = [`${subject}.stored`] as const;
    const js = jetstream(this.#broker, {
      streams: [stream(place, { ...options, subjects, maxMsgs: MOST })],
    });
    const bucket = kv(this.#broker, place, options);
    const files = objects(this.#broker, place, options);
    await js.publish(subjects[0], VALUE);
    let key = 0;
    await inLanes(AT_ONCE, () => bucket.put(`k.${key++}`, VALUE));
    await files.put("first", VALUE);
    return new Place(js, place, files);
  }
}

/** What a peer stores into. */
export class Place {
  readonly #js: JetStream;
  readonly #name: string;
  readonly #files: Objects;

  constructor(js: JetStream, name: string, files: Objects) {
    this.#js = js;
    this.#name = name;
    this.#files = files;
  }

  /** How many messages its stream has taken, ever. */
  async stored(): Promise<number> {
    return (await this.#js.info(this.#name)).lastSeq;
  }

  /** How many changes its bucket has taken, ever. */
  async changed(): Promise<number> {
    return (await this.#js.info(`KV_${this.#name}`)).lastSeq;
  }

  /** The digest of its object, and when that was put. */
  async object(): Promise<{ readonly digest: string | undefined; readonly revision: number }> {
    const { digest, revision = 0 } = await this.#files.info("object") ?? {};
    return { digest, revision };
  }
}

async function digestOf(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of parts) hash.update(part);
  return `SHA-256=${new Uint8Array(hash.digest()).toBase64({ alphabet: "base64url" })}`;
}
