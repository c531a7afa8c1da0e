import { overlap } from "../../door/mod.ts";
import type { StreamConfig } from "./api_types.ts";

/** What a stream of nats-server has, unless it is configured otherwise: two minutes. */
export const USUAL_WINDOW = 120_000;

/** How many streams to remember. */
const MOST = 4_096;
const NANOSECONDS = 1e6;

/** For how long which streams know an id, as far as a broker has seen their configuration. */
export class KnownStreams {
  readonly #streams = new Map<string, { readonly subjects: readonly string[]; window: number }>();

  /** Notes a configuration that the server has sent. */
  note({ name, subjects = [], duplicate_window = 0 }: StreamConfig): void {
    if (this.#streams.size >= MOST) this.#streams.clear();
    this.#streams.set(name, { subjects, window: duplicate_window / NANOSECONDS });
  }

  /** The window of the stream that takes this subject, in milliseconds. */
  windowOf(subject: string): number {
    for (const { subjects, window } of this.#streams.values()) {
      if (subjects.some((one) => overlap(one, subject))) return window;
    }
    return USUAL_WINDOW;
  }

  /** The window of a stream; `undefined` if it was not seen. */
  windowOfStream(name: string): number | undefined {
    return this.#streams.get(name)?.window;
  }
}
