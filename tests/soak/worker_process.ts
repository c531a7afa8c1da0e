/** How a worker ended. */
export type Ending = Deno.CommandStatus;

// Far more than a worker takes to start or to stop on a busy machine.
const TOO_LONG = 20_000;

/** A worker in a process of its own: `await using worker = await WorkerProcess.start(url)`. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Resolves once anyone's request finds it; another program has to do as `worker.ts` does. */
  static start(
    url: string,
    program: URL = new URL("worker.ts", import.meta.url),
  ): Promise<WorkerProcess> {
    const args = ["run", "--quiet", "--no-check", "--no-prompt", "-A", program.href, url];
    return WorkerProcess.run(Deno.execPath(), { args });
  }

  /** The same for any program; it has to end when its standard input does. */
  static async run(
    program: string,
    options: { readonly args: string[]; readonly cwd?: string },
  ): Promise<WorkerProcess> {
    const child = new Deno.Command(program, {
      ...options,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const worker = new WorkerProcess(child);
    try {
      await worker.#ready();
      return worker;
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves once it has ended, by itself or not. */
  get ended(): Promise<Ending> {
    return this.#child.status;
  }

  /** Ends it with a signal, and says how it ended. */
  async end(signal: Deno.Signal): Promise<Ending> {
    this.#signal(signal);
    const overdue = setTimeout(() => this.#signal("SIGKILL"), TOO_LONG);
    const ending = await this.#child.status;
    clearTimeout(overdue);
    await this.#child.stdin.close().catch(() => {});
    await this.#child.stdout.cancel();
    return ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  async #ready(): Promise<void> {
    const overdue = setTimeout(() => this.#signal("SIGKILL"), TOO_LONG);
    const reader = this.#child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    clearTimeout(overdue);
    if (new TextDecoder().decode(value).startsWith("ready")) return;
    throw new Error("Cannot start a worker as it must say that it is ready: it did not");
  }

  #signal(name: Deno.Signal): void {
    try {
      this.#child.kill(name);
    } catch {
      // it has ended by itself
    }
  }
}
