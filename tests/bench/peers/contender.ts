import { median, ratioOf, type Spread } from "../statistics.ts";
import type { About, Peer } from "./peer.ts";
import type { Task } from "./task.ts";

/** Enough for the fastest, whatever the clock says. */
const MOST = 1 << 22;

/** How a peer did at a task. */
export interface Score {
  readonly task: string;
  /** The median of operations a second. */
  readonly rate: number;
  /** How many times as fast ours is. */
  readonly ratio: Spread;
  readonly rates: readonly number[];
}

/** How a peer did; in the order of the tasks, with gaps where it has not what one takes. */
export interface Standing extends About {
  readonly name: string;
  readonly scores: readonly (Score | undefined)[];
}

/** A peer, and how fast it was in each round of each task. */
export class Contender {
  readonly peer: Peer;
  readonly #operations = new Map<Task, number>();
  readonly #rates = new Map<Task, number[]>();

  constructor(peer: Peer) {
    this.peer = peer;
  }

  /** Doubles the operations until they take so many milliseconds, and keeps how many do. */
  async warmUp(task: Task, length: number): Promise<void> {
    if (!task.suits(this.peer)) return;
    let [operations, took] = [64, 0];
    while (took < length && operations < MOST) {
      operations *= 2;
      took = await task.perform(this.peer, operations);
    }
    this.#operations.set(task, Math.ceil(operations * length / took));
    this.#rates.set(task, []);
  }

  async measure(task: Task): Promise<void> {
    const operations = this.#operations.get(task);
    if (operations === undefined) return;
    const milliseconds = await task.perform(this.peer, operations);
    this.#rates.get(task)!.push(operations / milliseconds * 1_000);
  }

  /** Compares each round within itself, as whatever else the machine did was of that time. */
  standing(tasks: readonly Task[], ours: Contender): Standing {
    return {
      name: this.peer.name,
      ...this.peer.about,
      scores: tasks.map((task) => {
        const rates = this.#rates.get(task);
        if (!rates) return undefined;
        const rounds = rates.map((rival, n) => ({ ours: ours.#rates.get(task)![n]!, rival }));
        return { task: task.name, rate: median(rates), ratio: ratioOf(rounds), rates };
      }),
    };
  }
}
