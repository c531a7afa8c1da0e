import { Guard } from "./guard.ts";
import { configFile, logFile, type ServerPorts } from "./settings.ts";
import { standsStill } from "./stillness.ts";
import { until } from "./until.ts";

// Far more than a clean stop takes; a server that does not react must not hang the tests.
const stopTimeout = 5_000;

/** One run of nats-server, from a folder that has its configuration. */
export class ServerProcess {
  readonly ports: ServerPorts;
  readonly #child: Deno.ChildProcess;
  readonly #guard: Guard;

  private constructor(child: Deno.ChildProcess, guard: Guard, ports: ServerPorts) {
    this.#child = child;
    this.#guard = guard;
    this.ports = ports;
  }

  /** Resolves once the server accepts connections. */
  static async start(binary: string, folder: string): Promise<ServerProcess> {
    const child = new Deno.Command(binary, {
      args: ["-c", configFile],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const guard = new Guard(child.pid, folder);
    let ended = false;
    child.status.then(() => ended = true);
    try {
      const ports = await until("nats-server must accept connections", async () => {
        if (ended) throw new Error(await failure(binary, folder));
        return await readPorts(`${folder}/nats-server_${child.pid}.ports`);
      });
      return new ServerProcess(child, guard, ports);
    } catch (error) {
      signal(child, "SIGKILL");
      await child.status;
      await guard.release();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  signal(name: Deno.Signal): void {
    signal(this.#child, name);
  }

  /** Resolves once every thread of the server stands still: they stop one after the other. */
  async suspend(): Promise<void> {
    this.signal("SIGSTOP");
    await until("nats-server must stand still", () => standsStill(this.pid));
  }

  /** Ends the server with a signal, whatever state it is in. */
  async end(name: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.signal(name);
    // A suspended server would only act on SIGTERM once it goes on.
    this.signal("SIGCONT");
    const overdue = setTimeout(() => this.signal("SIGKILL"), stopTimeout);
    await this.#child.status;
    clearTimeout(overdue);
    await this.#guard.release();
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended by itself, as a server in lame duck mode does.
  }
}

async function readPorts(file: string): Promise<ServerPorts | undefined> {
  const text = await Deno.readTextFile(file).catch(() => "");
  // The server creates the file and fills it: what is there may be half of it.
  if (!text.trimEnd().endsWith("}")) return undefined;
  const found = JSON.parse(text) as Record<string, string[] | undefined>;
  const port = (name: string) => {
    const url = found[name]?.[0];
    return url === undefined ? undefined : Number(url.slice(url.lastIndexOf(":") + 1));
  };
  return {
    client: port("nats")!,
    monitoring: port("monitoring")!,
    webSocket: port("websocket"),
    cluster: port("cluster"),
  };
}

/** Why a server ended at its start: it says so on its log, or in a trial run if it has none yet. */
async function failure(binary: string, folder: string): Promise<string> {
  const { success, stderr } = await new Deno.Command(binary, {
    args: ["-t", "-c", configFile],
    cwd: folder,
  }).output();
  const log = await Deno.readTextFile(`${folder}/${logFile}`).catch(() => "");
  const reason = success ? log.split("\n").findLast((line) => line.includes("[FTL]")) : undefined;
  return `Cannot start nats-server as its configuration must be valid and its ports free: ${
    reason ?? new TextDecoder().decode(stderr).trim()
  }`;
}
