import { invalidConfig } from "../api/errors.ts";
import type { Published, StoredMessage } from "../message.ts";
import type { SourceConfig } from "./config.ts";
import { copiedHeaders } from "./copied_headers.ts";
import type { Copier } from "./copy_feed.ts";
import type { Origin } from "./origins.ts";
import { sourceStart } from "./source_start.ts";
import type { StreamState } from "./state.ts";

/** The sequence and time of a message in the origin of a mirror. */
export type MirroredPlace = Pick<StoredMessage, "seq" | "time">;

/** The longest gap between two messages, in sequences: reading walks over a gap. */
const MOST_GAP = 1_000_000;

/** Copies the messages of a mirror's origin; each message keeps its sequence and time. */
export class MirrorCopier implements Copier {
  readonly #mirror: SourceConfig;
  readonly #state: StreamState;
  readonly #take: (published: Published, place: MirroredPlace) => void;

  /** `take` stores a message in the mirror, at a given place. */
  constructor(
    mirror: SourceConfig,
    state: StreamState,
    take: (published: Published, place: MirroredPlace) => void,
  ) {
    this.#mirror = mirror;
    this.#state = state;
    this.#take = take;
  }

  start({ log: origin }: Origin): number {
    const { log } = this.#state;
    const isNew = log.size === 0 && log.first === 0;
    const start = isNew
      ? sourceStart(this.#mirror, 0, origin, undefined)
      : Math.max(log.last + 1, origin.first);
    // skip the messages that the origin has lost; a gap between messages appears with the next one
    if (start - 1 > log.last && log.size === 0) log.skipTo(start - 1);
    return start;
  }

  store({ seq, time, headers, body }: StoredMessage, subject: string): void {
    const { log } = this.#state;
    if (log.size > 0 && seq - log.last > MOST_GAP) {
      throw invalidConfig(`the embedded server keeps no gap of more than ${MOST_GAP} sequences`);
    }
    this.#take({ subject, reply: "", headers: copiedHeaders(headers), body }, { seq, time });
  }
}
