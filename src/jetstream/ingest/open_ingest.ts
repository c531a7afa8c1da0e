import type { BrokerAccess } from "../../door/mod.ts";
import { Pattern } from "../../door/mod.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { NotStoredError } from "../api/errors.ts";
import type { ProgramPublisher, PublishCounts } from "../publish/program_publisher.ts";
import { programsOwn } from "../publish/store_options.ts";
import { refuseOwn } from "../stream/own_subjects.ts";
import { Ingest, MADE_BY_JETSTREAM } from "./ingest.ts";
import { IngestItems } from "./ingest_items.ts";
import { type IngestOptions, settingsOf } from "./ingest_options.ts";
import { Transfer, type TransferEnd } from "./transfer.ts";

/** What an ingest needs from the door. */
export interface IngestWays {
  readonly api: JetStreamApi;
  readonly publisher: ProgramPublisher;
  readonly counts: PublishCounts;
}

/** The open ingests of a broker. */
class OpenIngests {
  readonly #open = new Set<Transfer>();

  get size(): number {
    return this.#open.size;
  }

  add(transfer: Transfer): void {
    this.#open.add(transfer);
  }

  leave(transfer: Transfer): void {
    this.#open.delete(transfer);
  }

  /** Waits until all written items are stored; later writes fail. */
  async stop(): Promise<void> {
    const rule = "the broker must not be stopped before the ingest is closed";
    await Promise.allSettled([...this.#open].map((transfer) => {
      const { action, subject } = transfer;
      return transfer.reject(new NotStoredError(action, subject, rule));
    }));
  }
}

const ingests = new WeakMap<BrokerAccess, OpenIngests>();

/** The open ingests of a broker. */
export function openIngests(access: BrokerAccess): OpenIngests {
  let open = ingests.get(access);
  if (!open) ingests.set(access, open = new OpenIngests());
  return open;
}

/**
 * Begins an ingest; sends nothing before the first item.
 *
 * @throws {InvalidSubjectError} for a pattern that cannot be filled
 * @throws {TypeError} for a wrong option, and for a subject that this package reserves
 * @throws {RangeError} for a timeout beyond the stream's duplicate window
 */
export function openIngest(
  { api, publisher, counts }: IngestWays,
  text: string,
  options: IngestOptions,
): Ingest<never> {
  const pattern = new Pattern(text, "ingest").checkFillable("ingest");
  refuseOwn("ingest", text);
  const settings = settingsOf(api, text, options, pattern);
  const { schema, headers, stream, signal } = options;
  const items = new IngestItems(pattern, publisher, {
    ...schema && { schema },
    ...headers && { headers: programsOwn(`ingest to "${text}"`, headers) },
    ...stream && { stream },
  });
  const { access } = api;
  const begin = (ended: (end: TransferEnd) => void): Transfer => {
    const transfer: Transfer = new Transfer(api, {
      subject: text,
      settings,
      signal,
      stored: (count) => counts.published += count,
      ended: (end) => {
        if (open) openIngests(access).leave(open);
        if (end.kind === "failed") {
          if (end.error.uncertain > 0) counts.unknown += end.error.uncertain;
          else counts.failed++;
          access.report(end.error, text);
        }
        ended(end);
      },
    });
    if (!transfer.end) openIngests(access).add(transfer);
    open = transfer;
    return transfer;
  };
  let open: Transfer | undefined;
  return new Ingest<never>(MADE_BY_JETSTREAM, { items, begin });
}
