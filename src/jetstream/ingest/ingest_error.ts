import { asError } from "../../legible.ts";
import { JetStreamError } from "../api/errors.ts";

/** How many items an ingest had stored when it failed. */
export interface IngestProgress {
  /** How many items are certainly stored: the first ones, without a gap. */
  readonly stored: number;
  /** How many items after the stored ones may or may not be stored. */
  readonly uncertain: number;
}

/**
 * An ingest has failed; `cause` says why, such as a `LimitError`. The first `stored` items are stored, the next
 * `uncertain` ones may be, and no item after those is.
 */
export class IngestError extends JetStreamError implements IngestProgress {
  static {
    this.prototype.name = "IngestError";
  }
  /** The subject, or the pattern, of the ingest. */
  readonly subject: string;
  /** How many items are certainly stored: the first ones, without a gap. */
  readonly stored: number;
  /** How many items after the stored ones may or may not be stored; usually 0. */
  readonly uncertain: number;

  /** Makes one. */
  constructor(subject: string, cause: unknown, { stored, uncertain }: IngestProgress) {
    const wire = cause instanceof JetStreamError
      ? { code: cause.code, err_code: cause.errCode, description: cause.description }
      : undefined;
    super(`ingest to "${subject}"`, "each item must be stored", wire, { cause });
    const doubt = uncertain === 0 ? "" : `, and ${uncertain} may be`;
    const why = asError(cause).message;
    const same = `Cannot ingest to "${subject}" `;
    const reason = why.startsWith(same) ? ` ${why.slice(same.length)}` : `: ${why}`;
    // the index of the first item that is not certainly stored
    this.message =
      `Cannot ingest item ${stored} to "${subject}"${reason} (${stored} stored${doubt})`;
    this.subject = subject;
    this.stored = stored;
    this.uncertain = uncertain;
  }
}
