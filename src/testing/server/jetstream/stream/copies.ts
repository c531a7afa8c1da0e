import type { Clock } from "../../../../clock.ts";
import type { Published, StoredMessage } from "../message.ts";
import type { SourceConfig, StreamConfig } from "./config.ts";
import { CopyFeed } from "./copy_feed.ts";
import { MirrorCopier, type MirroredPlace } from "./mirror_copier.ts";
import type { Origins } from "./origins.ts";
import { SourceCopier } from "./source_copier.ts";
import { keyOf, nameOf, readSource, type SourcePlace } from "./source_name.ts";
import type { StreamState } from "./state.ts";

/** The memory of a source or a mirror, in bytes, as measured. */
const FEED = 4 * 1_024;

/** What copies need from their stream and the server. */
export interface CopiesGround {
  readonly origins: Origins;
  readonly clock: Clock;
  /** The state of the stream that stores the copies. */
  readonly state: StreamState;
  /**
   * Stores a copy; for a mirror, at the place that the message has in its origin. Throws an {@linkcode ApiError} if the
   * stream refuses it.
   */
  take(published: Published, place?: MirroredPlace): void;
}

interface Source {
  readonly feed: CopyFeed;
  /** The sequence in the origin of the last message that was stored. */
  stored: number;
}

/** Shows a mirror in responses; like nats-server, shows its filter only once it has looked for its origin. */
function shown(mirror: CopyFeed): object {
  return mirror.hasBegun ? mirror.info() : { ...mirror.info(), filter_subject: undefined };
}

/** Copies other streams into a stream: its sources, or the origin of a mirror. */
export class Copies {
  readonly #ground: CopiesGround;
  /** The sources by their names, in the order of the configuration. */
  #sources = new Map<string, Source>();
  #mirror: CopyFeed | undefined;

  constructor(ground: CopiesGround) {
    this.#ground = ground;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return (this.#sources.size + (this.#mirror ? 1 : 0)) * FEED;
  }

  /** The copied streams, as responses show them. */
  info(): { readonly sources?: object[]; readonly mirror?: object } {
    const sources = Array.from(this.#sources.values(), ({ feed, stored }) => ({
      ...feed.info(),
      ...stored > 0 && { seq: stored },
    }));
    return {
      ...sources.length > 0 && { sources },
      ...this.#mirror && { mirror: shown(this.#mirror) },
    };
  }

  /** Copies these streams from now on; a source that it already copies continues at its place. */
  follow({ mirror, sources }: Pick<StreamConfig, "mirror" | "sources">): void {
    // a mirror cannot change its origin
    if (!mirror) this.#mirror?.stop();
    this.#mirror = mirror && (this.#mirror ?? this.#mirrorOf(mirror));
    const before = this.#sources;
    this.#sources = new Map();
    for (const source of sources) {
      const key = keyOf(nameOf(source));
      this.#sources.set(key, before.get(key) ?? this.#sourceOf(source, key));
      before.delete(key);
    }
    for (const { feed } of before.values()) feed.stop();
  }

  /** Records the place that a stored message has in its source. */
  note({ headers }: StoredMessage): void {
    if (this.#sources.size === 0) return;
    const read = readSource(headers);
    const source = read && this.#sources.get(read.key);
    if (source) source.stored = read.place.seq;
  }

  /** Stops copying. */
  stop(): void {
    this.follow({ mirror: undefined, sources: [] });
  }

  #mirrorOf(mirror: SourceConfig): CopyFeed {
    const { state } = this.#ground;
    const take = (published: Published, place: MirroredPlace) =>
      this.#ground.take(published, place);
    const copier = new MirrorCopier(mirror, state, take);
    return new CopyFeed(this.#ground, `${state.config.name} mirror`, mirror, copier);
  }

  #sourceOf(source: SourceConfig, key: string): Source {
    const { state } = this.#ground;
    const copier = new SourceCopier(source, state, (published) => this.#ground.take(published));
    const place = this.#placeOf(key);
    const name = `${state.config.name} ${key}`;
    return {
      feed: new CopyFeed(this.#ground, name, source, copier, place),
      stored: place?.seq ?? 0,
    };
  }

  /** The place of the last message from this source that the stream holds. */
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
