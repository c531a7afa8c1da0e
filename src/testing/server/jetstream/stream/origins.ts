import type { StreamConfig } from "./config.ts";
import type { Interest } from "./interest.ts";
import type { MessageLog } from "./message_log.ts";

/** A stream, as seen by a stream that copies it. */
export interface Origin {
  readonly name: string;
  /** Identifies the stream; a stream that is created again under the same name gets another identity. */
  readonly identity: string;
  readonly config: StreamConfig;
  readonly log: MessageLog;
  readonly consumers: Interest;
  /** Removes a message from a stream of interest or work queue retention if no consumer needs it any more. */
  release(seq: number): void;
  /** Removes all messages after a sequence that no consumer needs any more, if the stream has interest retention. */
  releaseAfter(seq: number): void;
}

/** Looks up streams by name, for the streams that copy them. */
export interface Origins {
  /** The stream of that name; `undefined` if there is none. */
  get(name: string): Origin | undefined;
  /** Calls `changed` when a stream of that name appears or disappears; returns a function that ends the watch. */
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
