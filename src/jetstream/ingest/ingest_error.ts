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
 * `uncertain` ones may be, and no item after those is. If each item carries its position, a program can ask the stream
 * where to go on.
 *
 * @example An upload that goes on where the stream stands, after an error and in a new process
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const logs = stream("LOGS", { subjects: ["logs.{host}"], declare: "create" });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [logs] });
 * await using _test = await TestBroker.start(broker);
 *
 * async function upload(texts: readonly string[]): Promise<number> {
 *   const last = await js.read(logs, { subject: "logs.a", from: "last", until: "now" }).next();
 *   const first = last ? (last.body as { line: number }).line + 1 : 0;
 *   const lines = texts.slice(first).map((text, i) => ({ line: first + i, text }));
 *   const ingest = js.ingest("logs.a");
 *   await ReadableStream.from(lines).pipeTo(ingest);
 *   return ingest.stored;
 * }
 * assertEquals(await upload(["up", "busy"]), 2);
 * assertEquals(await upload(["up", "busy", "down"]), 1);
 * ```
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
