import { freePort } from "../free_port.ts";
import { findServer, type ServerBinary } from "./binary.ts";
import { ServerProcess } from "./process.ts";
import {
  configFile,
  logFile,
  renderSettings,
  type ServerPorts,
  type ServerSettings,
} from "./settings.ts";
import { until } from "./until.ts";

export interface NatsServerOptions {
  /**
   * Where clients connect.
   * @default {a free port} none that the system gives to outgoing connections, which could take it while the server is down
   */
  readonly port?: number;
  /**
   * Whether WebSocket clients can connect as well, with what is in their `tls` block if they have to encrypt.
   * @default {false}
   */
  readonly webSocket?: boolean | { readonly tls: string };
  /**
   * More configuration, in nats-server's own syntax; relative paths in it are within the server's
   * temporary folder.
   * @default {""}
   */
  readonly config?: string;
  /** @default {"signalbox"} */
  readonly name?: string;
}

/** How many ports to try before a server does not start. */
const TRIES = 5;

/**
 * A real nats-server on loopback: `await using server = await NatsServer.start()`.
 *
 * Start it within the test that ends, suspends or restarts it; one that serves all tests of a file
 * belongs into `Deno.test.beforeAll`, or the sanitizers take its process for a leak.
 */
export class NatsServer implements AsyncDisposable {
  readonly version: string;
  readonly name: string;
  readonly #binary: ServerBinary;
  readonly #folder: string;
  #ports: ServerPorts;
  #settings: ServerSettings;
  #process: ServerProcess | undefined;

  private constructor(binary: ServerBinary, folder: string, options: NatsServerOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.#ports = {
      client: options.port ?? freePort(),
      monitoring: -1,
      webSocket: options.webSocket ? freePort() : undefined,
    };
    this.version = binary.version;
    this.name = options.name ?? "signalbox";
    this.#settings = {
      name: this.name,
      ports: this.#ports,
      webSocketTls: typeof options.webSocket === "object" ? options.webSocket.tls : undefined,
      extra: options.config ?? "",
    };
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    for (let tries = 1;; tries++) {
      const folder = await Deno.makeTempDir({ prefix: "nats_server_" });
      try {
        const server = new NatsServer(await findServer(), folder, options);
        await server.restart();
        return server;
      } catch (error) {
        await Deno.remove(folder, { recursive: true });
        // another test has taken the same port meanwhile
        const isTaken = `${error}`.includes("address already in use");
        if (!isTaken || options.port !== undefined || tries === TRIES) throw error;
      }
    }
  }

  get port(): number {
    return this.#ports.client;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get webSocketUrl(): string {
    if (this.#ports.webSocket === undefined) {
      throw new Error("Cannot give a WebSocket URL as the server must be started with one: false");
    }
    const scheme = this.#settings.webSocketTls === undefined ? "ws" : "wss";
    return `${scheme}://127.0.0.1:${this.#ports.webSocket}`;
  }

  /** Where other servers of its cluster connect, if its configuration has a cluster. */
  get clusterPort(): number | undefined {
    return this.#ports.cluster;
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Asks the monitoring endpoint, for instance `/connz?subs=1`. */
  // deno-lint-ignore no-explicit-any -- each path answers with a shape of its own
  async monitor(path: string): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.monitoring}${path}`);
    return await response.json();
  }

  /** Everything the server has logged, earlier runs included. */
  async log(): Promise<string> {
    return await Deno.readTextFile(`${this.#folder}/${logFile}`);
  }

  /** Ends the server with no chance to say goodbye. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Lets the server end by itself. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Starts the server again on the same ports, if need be with other extra configuration. */
  async restart(config?: string): Promise<void> {
    await this.stop();
    // Ports that were picked once stay: clients have to find the server again. Nobody keeps the one of the monitoring,
    // and another connection of the machine may have taken it meanwhile.
    const ports = { ...this.#ports, monitoring: -1 };
    await this.#configure({ extra: config ?? this.#settings.extra, ports });
    this.#process = await ServerProcess.start(this.#binary.path, this.#folder);
    this.#ports = this.#process.ports;
  }

  /** Freezes the server: its sockets stay open and nothing answers. */
  async suspend(): Promise<void> {
    await this.#running.suspend();
  }

  resume(): void {
    this.#running.signal("SIGCONT");
  }

  /** Tells clients to leave; resolves once the server has begun to. */
  async lameDuck(): Promise<void> {
    await this.#signalAndSee("SIGUSR2", /lame duck mode/);
  }

  /** Replaces the extra configuration of the running server; resolves once it is in force. */
  async reload(config: string): Promise<void> {
    // The ports stay as they were written: -1 and the port picked for it are not the same to it.
    await this.#configure({ extra: config });
    const said = await this.#signalAndSee(
      "SIGHUP",
      /Reloaded server configuration|Failed to reload.*/,
    );
    if (said.startsWith("Failed")) {
      throw new Error(`Cannot reload nats-server as its configuration must be valid: ${said}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  get #running(): ServerProcess {
    if (!this.#process) throw new Error("Cannot use nats-server as it must be running: stopped");
    return this.#process;
  }

  async #configure(changes: Partial<ServerSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...changes };
    const text = renderSettings(this.#settings, this.#folder);
    await Deno.writeTextFile(`${this.#folder}/${configFile}`, text);
  }

  async #signalAndSee(signal: Deno.Signal, expected: RegExp): Promise<string> {
    const before = (await this.log()).length;
    this.#running.signal(signal);
    return await until(
      `nats-server must log ${expected}`,
      async () => (await this.log()).slice(before).match(expected)?.[0],
    );
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.end(signal);
  }
}
