import { overlap } from "../../door/mod.ts";
import type { StreamConfig } from "./api_types.ts";

/** The default duplicate window of nats-server in milliseconds: two minutes. */
export const USUAL_WINDOW = 120_000;

/** The most streams to remember. */
const MOST = 4_096;
const NANOSECONDS = 1e6;

/** The duplicate windows of streams, as far as a broker has seen their configuration. */
export class KnownStreams {
  readonly #streams = new Map<string, { readonly subjects: readonly string[]; window: number }>();

  /** Records a configuration that the server has sent. */
  note({ name, subjects = [], duplicate_window = 0 }: StreamConfig): void {
    if (this.#streams.size >= MOST) this.#streams.clear();
    this.#streams.set(name, { subjects, window: duplicate_window / NANOSECONDS });
  }

  /** The duplicate window of the stream that takes this subject, in milliseconds. */
  windowOf(subject: string): number {
    for (const { subjects, window } of this.#streams.values()) {
      if (subjects.some((one) => overlap(one, subject))) return window;
    }
    return USUAL_WINDOW;
  }

  /** The duplicate window of a stream; `undefined` if its configuration was not seen. */
  windowOfStream(name: string): number | undefined {
    return this.#streams.get(name)?.window;
  }
}
