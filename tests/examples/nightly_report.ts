/**
 * A nightly report. It is due by the clocks of a time zone, and any running process makes it. Other processes see its progress,
 * and can cancel it. If nobody reads it for a while, one reminder follows.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/nightly_report.ts
 * ```
 *
 * @module
 */
import { type Duration, NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, Reject, type When, workQueue } from "@signalbox/nats/jetstream";
import { kv } from "@signalbox/nats/kv";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { setTimeout as sleep } from "node:timers/promises";

/** The progress of a report. */
export interface Progress {
  readonly page: number;
  readonly of: number;
  readonly total: number;
}

/** Adds up a page. This is the slow part of the work, and ends early if the signal aborts. */
export type Sum = (page: number, signal: AbortSignal) => number | Promise<number>;

/** The queue of jobs and schedules. It is a plain value, which can be in a file of its own. */
export const reports = workQueue("REPORTS", {
  subjects: ["reports.{kind}.{id}"],
  allowMsgSchedules: true,
  declare: "create",
});

/** Half past two in the morning, when nobody works. */
const NIGHT: When = { cron: "0 30 2 * * *", timeZone: "Europe/Zurich" };
const PAGES = 4;

/** Options of the reports. */
export interface ReportOptions {
  readonly sum: Sum;
  /** Shows the progress of a report; every process calls it. */
  readonly show?: (id: string, progress: Progress) => void;
  /** Reminds of a report that nobody has read yet. */
  readonly remind: (id: string, total: number) => void;
  readonly when?: When;
  /** How long a report may stay unread before the reminder. */
  readonly patience?: Duration;
}

/** Makes everything except the connection, so that tests can use all of it. */
export function createReports(server: string, options: ReportOptions) {
  const { sum, show, remind, when = NIGHT, patience = "8h" } = options;
  const broker = new NatsBroker(server, { inboxPrefix: "_REPORTS", logger: false });
  const js = jetstream(broker, { streams: [reports] });
  const progress = kv<Progress>(broker, "progress", { declare: "create" });
  const running = new Map<string, AbortController>();

  const nightly = consumer(reports, "nightly", {
    subject: "reports.nightly.{id}",
    timeout: "1h",
    retry: { attempts: 3, backoff: "1m" },
  });
  broker.subscriber(nightly, { concurrency: 1 }, async ({ params: { id }, signal }) => {
    const cancelled = new AbortController();
    running.set(id, cancelled);
    try {
      const either = AbortSignal.any([signal, cancelled.signal]);
      for (let page = 1, total = 0; page <= PAGES; page++) {
        total += await sum(page, either);
        // a sum that ignores its signal is cancelled between two pages
        either.throwIfAborted();
        await progress.put(id, { page, of: PAGES, total });
      }
      // another attempt or the next night postpones the reminder
      const name = `unread-${id}`;
      await js.schedule(`reports.unread.${id}`, { in: patience }, null, { name, replace: true });
    } catch (error) {
      // a cancelled report is not retried: it becomes a dead letter with the reason
      if (cancelled.signal.aborted) throw new Reject(cancelled.signal.reason);
      throw error;
    } finally {
      running.delete(id);
    }
  });

  const unread = consumer(reports, "unread", { subject: "reports.unread.{id}" });
  broker.subscriber(unread, async ({ params: { id } }) => {
    remind(id, (await progress.get(id))?.value.total ?? 0);
  });

  broker.subscriber(progress.changes("{id}"), ({ params: { id }, change }) => {
    if (change.kind === "put") show?.(id, change.value);
  });

  // every process gets this, and the one that makes the report stops
  broker.subscriber("report.cancel.{id}", { noReply: true }, ({ params, body }) => {
    running.get(params.id)?.abort(String(body));
  });

  return {
    broker,
    js,
    progress,
    /** Starts the process. All processes together have one schedule. */
    async start(): Promise<void> {
      await broker.start();
      await js.schedule("reports.nightly.sales", when, null, { name: "sales", replace: true });
    },
    /** Cancels a report in the process that makes it. */
    cancel: (id: string, why: string) => broker.publish(`report.cancel.${id}`, why),
    /** Reads the total, and cancels the reminder unless that has already come. */
    async read(id: string) {
      const isInTime = await (await js.scheduled(reports, `unread-${id}`))?.cancel() ?? false;
      return { total: (await progress.get(id))?.value.total, isInTime };
    },
  };
}

/** Prints what happens in two nights, two seconds apart: nobody reads the first report, and somebody cancels the second. */
export async function work(server: string, print: (line: string) => void): Promise<void> {
  const reminded = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let nights = 0;
  const made = createReports(server, {
    when: { every: "2s" },
    patience: "100ms",
    async sum(page, signal) {
      if (page === 1) nights++;
      // the database is slow, and in the second night it hangs
      await sleep(nights === 2 && page === 2 ? 60_000 : 10, undefined, { signal });
      return page * 100;
    },
    show(id, { page, of }) {
      print(`${id}: page ${page} of ${of}`);
      if (nights === 2) begun.resolve();
    },
    remind(id, total) {
      print(`${id}: ${total}, not read yet`);
      reminded.resolve();
    },
  });
  const { broker, js, cancel } = made;
  await made.start();
  await reminded.promise;
  await begun.promise;
  await (await js.scheduled(reports, "sales"))?.cancel();
  await cancel("sales", "Nobody needs it");
  await using letters = js.deadLetters(reports, { follow: true });
  const dead = await letters.next({ timeout: "10s" });
  print(`${dead?.params.id}: ${dead?.reason}, ${dead?.error}`);
  await broker.stop();
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await work(url ?? embedded!.url, console.log);
}
