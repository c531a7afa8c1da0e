import { Proxy } from "../proxy.ts";

/** The ways between the nodes of a cluster, each of which can be cut off from the others while it runs on. */
export class RouteWays implements AsyncDisposable {
  /** From each node to each other one, by their indices. */
  readonly #between: readonly (readonly (Proxy | undefined)[])[];
  /** What each node is told to be reached at, for routes that it has not been given. */
  readonly #told: readonly Proxy[];

  private constructor(
    between: readonly (readonly (Proxy | undefined)[])[],
    told: readonly Proxy[],
  ) {
    this.#between = between;
    this.#told = told;
  }

  /** Makes a way to each of these ports, from all others. */
  static async start(ports: readonly number[]): Promise<RouteWays> {
    const told = await Promise.all(ports.map((port) => Proxy.start(port)));
    const between = await Promise.all(
      ports.map((_, from) =>
        Promise.all(ports.map((port, to) => from === to ? undefined : Proxy.start(port)))
      ),
    );
    return new RouteWays(between, told);
  }

  /** Where one node finds the others. */
  from(index: number): number[] {
    return this.#between[index]!.flatMap((proxy) => proxy ? [proxy.port] : []);
  }

  /** Where nodes that were not given a way find this one. */
  told(index: number): number {
    return this.#told[index]!.port;
  }

  /** Cuts a node off from all others. */
  async cut(index: number): Promise<void> {
    for (const proxy of this.#of(index)) {
      await proxy.refuse();
      proxy.cut();
    }
  }

  /** Lets it find the others again. */
  mend(index: number): void {
    for (const proxy of this.#of(index)) proxy.accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#told, ...this.#between.flat()];
    await Promise.all(all.map((proxy) => proxy?.[Symbol.asyncDispose]()));
  }

  /** Nobody can tell whose connections those are that go where nodes are told to be reached. */
  #of(index: number): Proxy[] {
    const ways = this.#between.flatMap((ways, from) => from === index ? ways : [ways[index]]);
    return [...ways.filter((proxy) => proxy !== undefined), ...this.#told];
  }
}
