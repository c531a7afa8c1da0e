import { delay } from "../../support/delay.ts";
import type { WorkerProcess } from "../worker_process.ts";

/** What starts a worker: a program, and what it is told, but for the name of its journal. */
export type Start = (worker: number) => Promise<WorkerProcess>;

/** Processes that are started again whenever they end: `await using crew = Crew.start(4, start)`. */
export class Crew implements AsyncDisposable {
  readonly #start: Start;
  readonly #shifts: Promise<void>[];
  readonly #workers: (WorkerProcess | undefined)[];
  readonly #begun: PromiseWithResolvers<void>[];
  #isOver = false;
  /** How many ended although nobody ended them. */
  deaths = 0;
  /** How many were ended. */
  kills = 0;
  /** How many could not start, and were started again. */
  failedStarts = 0;

  private constructor(size: number, start: Start) {
    this.#start = start;
    this.#workers = Array.from({ length: size }, () => undefined);
    this.#begun = this.#workers.map(() => Promise.withResolvers<void>());
    this.#shifts = this.#workers.map((_, index) => this.#shift(index));
  }

  /** Resolves once all of them work. */
  static async start(size: number, start: Start): Promise<Crew> {
    const crew = new Crew(size, start);
    await Promise.all(crew.#begun.map(({ promise }) => promise));
    return crew;
  }

  /** Ends the next one that works, from an index on. */
  async end(index: number, signal: Deno.Signal): Promise<void> {
    const turn = [...this.#workers.slice(index), ...this.#workers.slice(0, index)];
    const worker = turn.find((each) => each !== undefined);
    if (!worker) return;
    this.#workers[this.#workers.indexOf(worker)] = undefined;
    this.kills++;
    await worker.end(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers.map((worker) => worker?.end("SIGTERM")));
    await Promise.all(this.#shifts);
  }

  async #shift(index: number): Promise<void> {
    while (!this.#isOver) {
      const worker = await this.#start(index).catch(() => undefined);
      if (!worker) {
        this.failedStarts++;
        await delay(500);
        continue;
      }
      await using _ = worker;
      this.#workers[index] = worker;
      this.#begun[index]!.resolve();
      if (this.#isOver) await worker.end("SIGTERM");
      await worker.ended;
      if (this.#workers[index] === worker && !this.#isOver) this.deaths++;
      this.#workers[index] = undefined;
    }
  }
}
