import { standsStill } from "../../support/nats_server/stillness.ts";
import { until } from "../../support/nats_server/until.ts";
import { within } from "../../support/within.ts";
import type { Report } from "./conversation.ts";
import { lines } from "./lines.ts";
import type { Plan } from "./plan.ts";
import type { Order } from "./service.ts";

// Far more than it takes to start, or to say what was seen, on a busy machine.
const TOO_LONG = 20_000;

/** The side that serves in a process of its own, which can be stopped or killed. */
export class ServiceProcess implements AsyncDisposable {
  /** It does not tell how often its connection was lost. */
  readonly disconnects = 0;
  readonly #child: Deno.ChildProcess;
  readonly #said: AsyncGenerator<string>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  #isKilled = false;

  private constructor(servers: readonly string[], plan: Plan) {
    const program = new URL("service.ts", import.meta.url).href;
    const flags = ["run", "--quiet", "--no-check", "--no-prompt", "-A"];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...flags, program, JSON.stringify(servers), JSON.stringify(plan)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#said = lines(this.#child.stdout);
    this.#orders = this.#child.stdin.getWriter();
  }

  /** Resolves once sessions can be opened. */
  static async start(servers: readonly string[], plan: Plan): Promise<ServiceProcess> {
    const service = new ServiceProcess(servers, plan);
    try {
      const said = await within("the service must be ready", service.#said.next(), TOO_LONG);
      if (said.value === "ready") return service;
      throw new Error("Cannot start the service as it must say that it is ready: it did not");
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  allow(limit: number): void {
    this.#order({ allow: limit });
  }

  /** What all sessions saw; nothing, if it was killed or does not say. */
  async reports(bound: number): Promise<readonly Report[]> {
    if (this.#isKilled) return [];
    this.#order({ report: bound });
    const said = within("the service must report", this.#said.next(), bound + TOO_LONG);
    const { value } = await said.catch(() => ({ value: undefined }));
    return value === undefined ? [] : JSON.parse(value) as Report[];
  }

  /** Stops it: its sockets stay open, and nothing answers. */
  async suspend(): Promise<void> {
    this.#child.kill("SIGSTOP");
    await until("the service must stand still", () => standsStill(this.#child.pid));
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill();
    } catch {
      // it has ended by itself
    }
    await this.#orders.abort().catch(() => {});
    // a generator that never began would leave the stream open
    await this.#said.next().catch(() => {});
    await this.#said.return(undefined);
  }

  #order(order: Order): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(order)}\n`);
    // one that was killed takes none
    this.#orders.write(bytes).catch(() => {});
  }
}
