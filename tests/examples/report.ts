/**
 * A report that takes its time: its rows come as they are made, a bar shows how far it is, and whoever does not want the
 * rest leaves, which stops the work.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/report.ts   # Ctrl-C cancels
 * ```
 *
 * @module
 */
import type { HandlerSubscriber } from "@signalbox/nats";
import { NatsBroker, ReplyError } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { setTimeout as sleep } from "node:timers/promises";

/** One line of the report. */
export type Row = { readonly month: string; readonly total: number };
/** How far it is. */
export type Progress = { readonly done: number; readonly of: number };

/** Adds up a month; that is the work, and it is given up once the signal aborts. */
export type Sum = (year: number, month: string, signal: AbortSignal) => Promise<number>;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Serves `report.{year}`: rows, and after each how far it is. */
export function serveReport(broker: NatsBroker, sum: Sum): HandlerSubscriber {
  return broker.subscriber("report.{year}", async function* ({ params, signal }) {
    const year = Number(params.year);
    if (!Number.isInteger(year)) throw new ReplyError(400, "A year is a whole number", params);
    for (const [at, month] of MONTHS.entries()) {
      const total = await sum(year, month, signal);
      yield { month, total } satisfies Row;
      yield { done: at + 1, of: MONTHS.length } satisfies Progress;
    }
  });
}

/** What becomes of the bar, and what cancels. */
export interface FetchOptions {
  /** Takes what is written; nothing is added to it. */
  readonly print: (text: string) => void;
  /** Leaves with its reason. */
  readonly signal?: AbortSignal;
}

/** Fetches a report, and draws a bar on one line as it comes. */
export async function fetchReport(
  broker: NatsBroker,
  year: number,
  { print, ...options }: FetchOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  const stream = broker.requestStream<Row | Progress>(`report.${year}`, undefined, options);
  try {
    for await (const { body } of stream) {
      if ("month" in body) rows.push(body);
      else print(`\r${bar(body)}`);
    }
  } finally {
    print("\n");
  }
  return rows;
}

/** Such as `[#####·····]  50 %`, as wide for every progress. */
export function bar({ done, of }: Progress, width = 30): string {
  const full = Math.round(width * done / of);
  const percent = Math.floor(100 * done / of).toString().padStart(3);
  return `[${"#".repeat(full)}${"·".repeat(width - full)}] ${percent} %`;
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await using broker = new NatsBroker(url ?? embedded!.url, { logger: false });
  serveReport(broker, async (year, month, signal) => {
    await sleep(200, undefined, { signal }); // a slow database
    return year + month.charCodeAt(0);
  });
  await broker.start();

  const interrupt = new AbortController();
  const cancel = () => interrupt.abort(new Error("Ctrl-C"));
  Deno.addSignalListener("SIGINT", cancel);
  try {
    const print = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(text));
    const rows = await fetchReport(broker, 2025, { print, signal: interrupt.signal });
    for (const { month, total } of rows) console.log(month, total);
  } catch (error) {
    if (error !== interrupt.signal.reason) throw error;
    console.log("Cancelled");
  } finally {
    Deno.removeSignalListener("SIGINT", cancel);
  }
}
