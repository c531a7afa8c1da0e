import { freePort } from "../free_port.ts";
import { NatsServer } from "./nats_server.ts";
import { RouteWays } from "./route_ways.ts";
import { until } from "./until.ts";

export interface NatsClusterOptions {
  /** More configuration for every node, in nats-server's own syntax. */
  readonly config?: string;
  /**
   * Whether it keeps streams; then each node knows all others from the start, as JetStream wants it.
   * @default {false}
   */
  readonly jetstream?: boolean;
  /**
   * Whether a node that keeps streams can be cut off from the others.
   * @default {false}
   */
  readonly isCuttable?: boolean;
}

/** Routed servers: `await using cluster = await NatsCluster.start(3)`. */
export class NatsCluster implements AsyncDisposable {
  readonly nodes: readonly NatsServer[];
  readonly #config: string;
  readonly #ways: RouteWays | undefined;
  readonly #down = new Set<number>();

  private constructor(nodes: NatsServer[], config: string, ways: RouteWays | undefined) {
    this.nodes = nodes;
    this.#config = config;
    this.#ways = ways;
  }

  /** Resolves once every node has a route to every other. */
  static async start(
    size: number,
    { config: given = "", jetstream = false, isCuttable = false }: NatsClusterOptions = {},
  ): Promise<NatsCluster> {
    await using started = new AsyncDisposableStack();
    const config = jetstream ? `${given}\njetstream: { store_dir: "streams" }` : given;
    const ports = jetstream ? Array.from({ length: size }, freePort) : [];
    const ways = isCuttable ? started.use(await RouteWays.start(ports)) : undefined;
    const nodes: NatsServer[] = [];
    for (let i = 0; i < size; i++) {
      const peers = jetstream
        ? ways?.from(i) ?? ports.filter((_, at) => at !== i)
        : nodes.map(({ clusterPort }) => clusterPort!);
      const extra = `${clusterBlock(ports[i] ?? freePort(), peers, ways?.told(i))}\n${config}`;
      nodes.push(started.use(await NatsServer.start({ name: `node-${i}`, config: extra })));
    }
    const cluster = new NatsCluster(nodes, config, ways);
    await cluster.#routed();
    started.move();
    return cluster;
  }

  get urls(): string[] {
    return this.nodes.map((node) => node.url);
  }

  async kill(index: number): Promise<void> {
    this.#down.add(index);
    await this.#node(index).kill();
  }

  /** Has a node leave in lame duck mode; resolves once it has closed all its connections. */
  async leave(index: number): Promise<void> {
    this.#down.add(index);
    const node = this.#node(index);
    await node.lameDuck();
    await until("the node must have left", async () => {
      const { connections } = await node.monitor("/varz").catch(() => ({ connections: 0 }));
      return connections === 0;
    }, { timeout: 30_000 });
  }

  /** Starts a node again; resolves once it has a route to every node that is up. */
  async restart(index: number): Promise<void> {
    const node = this.#node(index);
    const others = this.#ways?.from(index) ??
      this.nodes.filter((other) => other !== node).map((other) => other.clusterPort!);
    const block = clusterBlock(node.clusterPort ?? -1, others, this.#ways?.told(index));
    await node.restart(`${block}\n${this.#config}`);
    this.#down.delete(index);
    await this.#routed();
  }

  /** Cuts a node off from the others, while its clients stay connected. */
  async cut(index: number): Promise<void> {
    if (!this.#ways) {
      throw new Error("Cannot cut a node off as the cluster must be cuttable: false");
    }
    await this.#ways.cut(index);
  }

  /** Ends a cut; resolves once every node has a route to every other. */
  async mend(index: number): Promise<void> {
    this.#ways?.mend(index);
    await this.#routed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.#ways?.[Symbol.asyncDispose]();
  }

  #node(index: number): NatsServer {
    const node = this.nodes[index];
    if (!node) {
      throw new RangeError(`Cannot take a node as its index must be in the cluster: ${index}`);
    }
    return node;
  }

  async #routed(): Promise<void> {
    const up = this.nodes.filter((_, index) => !this.#down.has(index));
    for (const node of up) {
      await until("every node must have a route to every other", async () => {
        const { routes = [] } = await node.monitor("/routez");
        const peers = new Set(routes.map((route: { remote_id: string }) => route.remote_id));
        // a route is there a moment before clients are told of the node behind it
        const { connect_urls: told = [] } = await node.monitor("/varz");
        return peers.size === up.length - 1 && told.length >= up.length;
      });
    }
  }
}

function clusterBlock(port: number, peers: readonly number[], told?: number): string {
  const routes = peers.map((peer) => `"nats://127.0.0.1:${peer}"`).join(", ");
  const advertise = told === undefined ? "" : `advertise: "127.0.0.1:${told}", `;
  return `cluster { name: "signalbox", listen: "127.0.0.1:${port}", ${advertise}routes: [${routes}] }`;
}
