import { usedMemory } from "../../support/memory.ts";

/** Knows the objects that a program was given, without keeping them. */
export class Given {
  #known: WeakRef<object>[] = [];

  note<T extends object>(one: T): T {
    this.#known.push(new WeakRef(one));
    return one;
  }

  /** How many of each class something keeps still, once all that nobody reaches has been collected. */
  async kept(): Promise<ReadonlyMap<string, number>> {
    // whatever a job has looked at is kept until its end
    await new Promise((resolve) => setTimeout(resolve));
    usedMemory();
    this.#known = this.#known.filter((one) => one.deref());
    const names = this.#known.map((one) => one.deref()?.constructor.name ?? "none");
    return new Map(
      Object.entries(Object.groupBy(names, (name) => name))
        .map(([name, all]) => [name, all!.length]),
    );
  }
}
