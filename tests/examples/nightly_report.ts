/**
 * A nightly report: due by the clocks of a zone, whichever process runs then; others see how far it is, and may cancel it. Who
 * has not read it after a while is reminded, once.
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

/** How far a report is. */
export interface Progress {
  readonly page: number;
  readonly of: number;
  readonly total: number;
}

/** Adds up a page; that is the work, and it is given up once the signal aborts. */
export type Sum = (page: number, signal: AbortSignal) => number | Promise<number>;

/** Jobs and schedules: a plain value, which a file of its own may hold. */
export const reports = workQueue("REPORTS", {
  subjects: ["reports.{kind}.{id}"],
  allowMsgSchedules: true,
  declare: "create",
});

/** At half past two, when nobody works. */
const NIGHT: When = { cron: "0 30 2 * * *", timeZone: "Europe/Zurich" };
const PAGES = 4;

/** How the reports are made. */
export interface ReportOptions {
  readonly sum: Sum;
  /** Gets how far it is, in every process. */
  readonly show?: (id: string, progress: Progress) => void;
  /** Gets whose report is not read yet. */
  readonly remind: (id: string, total: number) => void;
  readonly when?: When;
  /** How long a report may lie unread. */
  readonly patience?: Duration;
}

/** Everything but a connection, so that a test can have it as it is. */
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
        // what does not look at its signal is cancelled between two pages
        either.throwIfAborted();
        await progress.put(id, { page, of: PAGES, total });
      }
      // another attempt, or the next night, puts the reminder off
      const name = `unread-${id}`;
      await js.schedule(`reports.unread.${id}`, { in: patience }, null, { name, replace: true });
    } catch (error) {
      // not tried again: a dead letter keeps what was cancelled, and why
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

  // every process hears it, and the one that makes the report gives up
  broker.subscriber("report.cancel.{id}", { noReply: true }, ({ params, body }) => {
    running.get(params.id)?.abort(String(body));
  });

  return {
    broker,
    js,
    progress,
    /** Starts; however often, and in however many processes, there is one schedule. */
    async start(): Promise<void> {
      await broker.start();
      await js.schedule("reports.nightly.sales", when, null, { name: "sales", replace: true });
    },
    /** Has it given up, wherever it is made. */
    cancel: (id: string, why: string) => broker.publish(`report.cancel.${id}`, why),
    /** Reads the total; nobody is reminded then, unless somebody was already. */
    async read(id: string) {
      const isInTime = await (await js.scheduled(reports, `unread-${id}`))?.cancel() ?? false;
      return { total: (await progress.get(id))?.value.total, isInTime };
    },
  };
}

/** Two nights, a second apart: nobody reads the first report, and the second one is cancelled. What happens is printed. */
export async function work(server: string, print: (line: string) => void): Promise<void> {
  const reminded = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let nights = 0;
  const made = createReports(server, {
    when: { every: "1s" },
    patience: "100ms",
    async sum(page, signal) {
      if (page === 1) nights++;
      // a slow database, and a stuck one in the second night
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
