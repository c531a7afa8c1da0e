import type { StoredMessage } from "../message.ts";
import type { SourceConfig } from "./config.ts";
import { SourceFeed, type SourceGround } from "./source_feed.ts";
import { keyOf, nameOf, readSource, type SourcePlace } from "./source_name.ts";

/** Memory of a source, in bytes: measured. */
const SOURCE = 4 * 1_024;

/** The sources of a stream. */
export class Sources {
  readonly #ground: SourceGround;
  /** By their names, in the order of the configuration. */
  #feeds = new Map<string, SourceFeed>();

  constructor(ground: SourceGround) {
    this.#ground = ground;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#feeds.size * SOURCE;
  }

  /** What responses tell of the sources; `undefined` if there are none. */
  info(): object[] | undefined {
    if (this.#feeds.size === 0) return undefined;
    return Array.from(this.#feeds.values(), (feed) => feed.info());
  }

  /** Copies from these sources from now on; those that are known go on where they are. */
  follow(sources: readonly SourceConfig[]): void {
    const before = this.#feeds;
    this.#feeds = new Map();
    for (const source of sources) {
      const key = keyOf(nameOf(source));
      const feed = before.get(key) ?? new SourceFeed(this.#ground, source, this.#placeOf(key));
      before.delete(key);
      this.#feeds.set(key, feed);
    }
    for (const feed of before.values()) feed.stop();
  }

  /** Records the place in its origin of a message that was copied. */
  note({ headers }: StoredMessage): void {
    if (this.#feeds.size === 0) return;
    const source = readSource(headers);
    if (source) this.#feeds.get(source.key)?.stands(source.place);
  }

  /** Copies no more. */
  stop(): void {
    this.follow([]);
  }

  /** The place of the last message from that source among those in the stream. */
  #placeOf(key: string): SourcePlace | undefined {
    const { log } = this.#ground.state;
    for (let seq = log.last; log.size > 0 && seq >= log.first; seq--) {
      const message = log.get(seq);
      const source = message && readSource(message.headers);
      if (source?.key === key) return source.place;
    }
    return undefined;
  }
}
