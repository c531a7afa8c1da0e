import { withHeader, withoutHeader } from "../header_block.ts";
import type { Published, StoredMessage } from "../message.ts";
import type { SourceConfig } from "./config.ts";
import type { Copier } from "./copy_feed.ts";
import { copiedHeaders } from "./copied_headers.ts";
import { HEADER } from "./header_names.ts";
import type { Origin } from "./origins.ts";
import { nameOf, type SourceName, type SourcePlace, writeSource } from "./source_name.ts";
import { sourceStart } from "./source_start.ts";
import type { StreamState } from "./state.ts";

/** Copies the messages of a source; each gets a new sequence in the stream, and a header that names its origin. */
export class SourceCopier implements Copier {
  readonly #source: SourceConfig;
  readonly #name: SourceName;
  readonly #state: StreamState;
  readonly #take: (published: Published) => void;

  /** `take` stores a message in the stream. */
  constructor(source: SourceConfig, state: StreamState, take: (published: Published) => void) {
    this.#source = source;
    this.#name = nameOf(source);
    this.#state = state;
    this.#take = take;
  }

  start({ identity, log }: Origin, passed: SourcePlace): number {
    const isOther = passed.identity !== "" && passed.identity !== identity;
    const from = isOther ? 0 : passed.seq;
    return sourceStart(this.#source, from, log, isOther ? undefined : this.#state.log);
  }

  store(
    { seq, subject: original, headers, body }: StoredMessage,
    subject: string,
    { identity }: Origin,
  ): void {
    const source = writeSource(this.#name, { seq, identity }, original);
    const kept = withoutHeader(copiedHeaders(headers), HEADER.source);
    this.#take({ subject, reply: "", headers: withHeader(kept, HEADER.source, source), body });
  }
}
