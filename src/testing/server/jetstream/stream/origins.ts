import type { StreamConfig } from "./config.ts";
import type { Interest } from "./interest.ts";
import type { MessageLog } from "./message_log.ts";

/** A stream as another one that copies it sees it. */
export interface Origin {
  readonly name: string;
  /** Differs for each stream that was ever created, also for two of the same name. */
  readonly identity: string;
  readonly config: StreamConfig;
  readonly log: MessageLog;
  readonly consumers: Interest;
  /** Tells a stream of interest or work queue retention that a consumer no longer needs the message. */
  release(seq: number): void;
  /** Has a stream of interest retention drop all messages after a sequence that no consumer needs any more. */
  releaseAfter(seq: number): void;
}

/** The streams by name, as the streams that copy them look them up. */
export interface Origins {
  /** The stream of that name; `undefined` if there is none. */
  get(name: string): Origin | undefined;
  /** Calls back when a stream of that name comes or goes; returns a function that ends the watch. */
  watch(name: string, changed: () => void): () => void;
}

/** All streams by name. */
export class Directory<Stream extends Origin> implements Origins {
  readonly #streams = new Map<string, Stream>();
  readonly #watchers = new Map<string, Set<() => void>>();

  /** All streams, in order of creation. */
  all(): Iterable<Stream> {
    return this.#streams.values();
  }

  get(name: string): Stream | undefined {
    return this.#streams.get(name);
  }

  /** Adds a stream. */
  add(stream: Stream): void {
    this.#streams.set(stream.name, stream);
    this.#tell(stream.name);
  }

  /** Removes the stream of that name. */
  delete(name: string): void {
    if (this.#streams.delete(name)) this.#tell(name);
  }

  watch(name: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) {
        this.#watchers.delete(name);
      }
    };
  }

  #tell(name: string): void {
    for (const changed of [...this.#watchers.get(name) ?? []]) changed();
  }
}
