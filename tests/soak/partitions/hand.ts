import { delay } from "../../support/delay.ts";
import { within } from "../../support/within.ts";
import { lines } from "../sessions/lines.ts";
import type { Order, Said } from "./work.ts";

const WORKER = new URL("worker.ts", import.meta.url).pathname;
/** How long a process may take to start, in milliseconds. */
const PATIENCE = 30_000;

/** A working process, its output, and its faults. Times are by the clock of the machine. */
export class Hand implements AsyncDisposable {
  readonly said: Said[] = [];
  readonly halts: { readonly from: number; readonly to: number }[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #heard: Promise<void>;
  killedAt = Infinity;

  private constructor(order: Order) {
    const args = ["run", "--quiet", "--no-check", "--no-prompt", "-A", WORKER];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...args, JSON.stringify(order)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#heard = this.#hear();
  }

  /** Resolves once it works. */
  static async start(order: Order): Promise<Hand> {
    const hand = new Hand(order);
    await within("a process must start", hand.#ready.promise, PATIENCE);
    return hand;
  }

  async halt(milliseconds: number): Promise<void> {
    const from = Date.now();
    this.#child.kill("SIGSTOP");
    await delay(milliseconds);
    this.halts.push({ from, to: Date.now() });
    this.#child.kill("SIGCONT");
  }

  /** Kills the process, and resolves once all its output has been read. */
  async kill(): Promise<void> {
    if (this.killedAt !== Infinity) return;
    this.killedAt = Date.now();
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#heard;
    await this.#child.stdin.close().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #hear(): Promise<void> {
    for await (const line of lines(this.#child.stdout)) {
      if (line === "ready") this.#ready.resolve();
      else if (line.startsWith("{")) this.said.push(JSON.parse(line));
    }
  }
}
