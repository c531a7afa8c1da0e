import { within } from "../../support/within.ts";
import type { Program } from "./program.ts";
import type { Candidate } from "./roster.ts";

/** Far beyond any round, on a busy machine too. */
const TIMEOUT = 120_000;

/** What needs JetStream. */
export type StoreOrder = "store" | "put" | "get" | "putObject" | "getObject";

/** What a peer tells of itself once its service is there. */
export interface About {
  readonly version: string;
  readonly runtime: string;
  /** Whether it can publish to any subject. */
  readonly publishes: boolean;
}

/** A peer in a process of its own, with a service and its caller, that does what it is told to. */
export class Peer implements AsyncDisposable {
  readonly name: string;
  /** Where its service is; what it publishes last goes to `.last` below. */
  readonly subject: string;
  /** The name of its stream and of its buckets. */
  readonly place: string;
  /** Whether it can do what needs JetStream. */
  readonly stores: boolean;
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #about: About = { version: "", runtime: "", publishes: false };

  private constructor(
    { name, stores = false }: Candidate,
    subject: string,
    child: Deno.ChildProcess,
  ) {
    this.name = name;
    this.subject = subject;
    this.place = placeOf(subject);
    this.stores = stores;
    this.#child = child;
    this.#orders = child.stdin.getWriter();
    this.#lines = linesOf(child.stdout);
  }

  /** Resolves once its service is there for every request. */
  static async start(
    candidate: Candidate,
    { command, args, cwd }: Program,
    server: string,
  ): Promise<Peer> {
    const subject = `peers.${candidate.id}`;
    const child = new Deno.Command(command, {
      args: [...args],
      cwd,
      env: {
        NATS_URL: server,
        SUBJECT: subject,
        PLACE: placeOf(subject),
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    await using started = new AsyncDisposableStack();
    const peer = started.use(new Peer(candidate, subject, child));
    peer.#about = JSON.parse(await peer.#line("start"));
    started.move();
    return peer;
  }

  get about(): About {
    return this.#about;
  }

  /**
   * Has so many requests made and their answers checked; gives the milliseconds they took.
   *
   * @throws {Error} if an answer was wrong, or there was none: the program ends at that
   */
  async request(atOnce: number, operations: number): Promise<number> {
    return await this.#tell(`request ${atOnce} ${operations}`);
  }

  /** Has so many messages published, and gives the milliseconds until the server had them. */
  async publish(operations: number): Promise<number> {
    return await this.#tell(`publish ${operations}`);
  }

  /**
   * Has things stored or read, as `stored.mjs` knows the orders; gives the milliseconds until all was answered.
   *
   * @throws {Error} if an answer was wrong, or there was none: the program ends at that
   */
  async store(order: StoreOrder, ...numbers: readonly number[]): Promise<number> {
    return await this.#tell([order, ...numbers].join(" "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // its program ends with its input; it may have ended by itself
    await this.#orders.close().catch(() => {});
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#child.status;
    clearTimeout(overdue);
    await this.#lines.return?.();
  }

  async #tell(order: string): Promise<number> {
    await this.#orders.write(new TextEncoder().encode(`${order}\n`)).catch(() => {});
    return Number(await this.#line(order));
  }

  async #line(order: string): Promise<string> {
    const { value, done } = await within(
      `${this.name} must answer "${order}"`,
      this.#lines.next(),
      TIMEOUT,
    );
    if (!done) return value;
    throw new Error(`Cannot go on as ${this.name} must answer "${order}": it has ended`);
  }
}

function placeOf(subject: string): string {
  return subject.replace(".", "_");
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
