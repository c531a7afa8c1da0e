import type { Effort } from "../interleave.ts";
import { showing } from "../progress.ts";
import { Contender, type Standing } from "./contender.ts";
import { Peer } from "./peer.ts";
import type { Candidate } from "./roster.ts";
import type { Task } from "./task.ts";

/** How many, and how long each is, in milliseconds. */
export type Rounds = Pick<Effort, "rounds" | "length">;

/** Everyone who takes part, ours first, and why others do not. */
export class Field implements AsyncDisposable {
  /** A sentence for each that could not be had, or failed on the way. */
  readonly missing: string[] = [];
  readonly #processes = new AsyncDisposableStack();
  readonly #ours: string | undefined;
  #contenders: readonly Contender[] = [];

  private constructor(ours: string | undefined) {
    this.#ours = ours;
  }

  /** Starts one after the other; the first of them must be there, the others may not. */
  static async gather(roster: readonly Candidate[], server: string): Promise<Field> {
    await using gathered = new AsyncDisposableStack();
    const field = gathered.use(new Field(roster[0]?.name));
    for (const candidate of roster) {
      console.error(`${candidate.name}: installs and starts`);
      await field.#unlessMissing(candidate.name, async () => {
        const peer = await Peer.start(candidate, await candidate.program(), server);
        field.#contenders = [...field.#contenders, new Contender(field.#processes.use(peer))];
      });
    }
    gathered.move();
    return field;
  }

  /** Has everyone do each task in turn, A B C, then C B A, and so on: nobody always pays for the one before. */
  async compete(tasks: readonly Task[], { rounds, length }: Rounds): Promise<readonly Standing[]> {
    console.error("everyone warms up");
    await this.#inTurn(tasks, this.#contenders, (one, task) => one.warmUp(task, length));
    const show = showing("peers");
    show(0, rounds);
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 ? this.#contenders.toReversed() : this.#contenders;
      await this.#inTurn(tasks, order, (one, task) => one.measure(task));
      show(round + 1, rounds);
    }
    const ours = this.#contenders[0]!;
    return this.#contenders.map((one) => one.standing(tasks, ours));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.disposeAsync();
  }

  async #inTurn(
    tasks: readonly Task[],
    order: readonly Contender[],
    act: (one: Contender, task: Task) => Promise<void>,
  ): Promise<void> {
    for (const task of tasks) {
      for (const one of order) {
        if (!this.#contenders.includes(one)) continue;
        await this.#unlessMissing(one.peer.name, () => act(one, task));
      }
    }
  }

  /** Leaves out who fails; without ours there is nothing to compare with. */
  async #unlessMissing(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Error) || name === this.#ours) throw error;
      this.#contenders = this.#contenders.filter(({ peer }) => peer.name !== name);
      this.missing.push(`${name}: ${error.message}`);
    }
  }
}
