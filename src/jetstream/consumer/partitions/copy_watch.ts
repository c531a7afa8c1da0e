import { isPowerOfTen } from "../../../events.ts";
import { legible } from "../../../legible.ts";
import type { SourceInfo, StreamInfo } from "../../api/api_types.ts";

const NANOSECONDS = 1e6;
/**
 * After how many milliseconds of silence copying stands still. The server hears of a source each second, and needs 13 s to
 * find a stream that was deleted and made again.
 */
const SILENCE = 15_000;

/** Finds out whether the server copies messages into partitions, and says so when it does not. */
export class CopyWatch {
  readonly #who: string;
  readonly #report: (error: Error) => void;
  /** Whether the server had not heard of the source at the last look: it may just have begun. */
  #wasUnheard = false;
  #cause: string | undefined;
  #times = 0;

  /** `who` names the consumer. */
  constructor(who: string, report: (error: Error) => void) {
    this.#who = who;
    this.#report = report;
  }

  /** Looks at the stream of the partitions; call it at intervals. */
  look({ config: { name }, sources = [] }: StreamInfo): void {
    const cause = this.#standstill(sources[0]);
    if (cause !== this.#cause) this.#times = 0;
    this.#cause = cause;
    if (cause === undefined || !isPowerOfTen(++this.#times)) return;
    const rule = `the server must copy its messages into "${name}"`;
    this.#report(new Error(`Cannot go on with ${this.#who} as ${rule}: ${cause}`));
  }

  #standstill(source: SourceInfo | undefined): string | undefined {
    const isFirst = !this.#wasUnheard;
    this.#wasUnheard = source !== undefined && source.active < 0;
    if (!source) return "the stream has no source any more";
    const { name, active, error } = source;
    if (error) return `"${name}": ${legible(error.description)} (${error.err_code})`;
    const isSilent = active < 0 ? !isFirst : active / NANOSECONDS > SILENCE;
    return isSilent ? `it hears nothing of "${name}"` : undefined;
  }
}
