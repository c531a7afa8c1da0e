import { type Message, NatsBroker } from "@signalbox/nats";
import type { Meaning } from "./meaning.ts";

const PROGRAM = new URL("peer.py", import.meta.url).pathname;

/** What FastStream sees of a message, or of an answer. */
export interface Seen {
  readonly body: Meaning;
  readonly headers: Readonly<Record<string, string>>;
  readonly correlationId: string;
  readonly replyTo: string;
  readonly subject: string;
  /** The name of the exception that came in place of an answer. */
  readonly error?: string;
}

/** What FastStream is told to send. */
export interface Order {
  readonly subject: string;
  readonly body: Meaning;
  readonly headers?: Readonly<Record<string, string>>;
  readonly correlationId?: string;
  readonly replyTo?: string;
}

/** A FastStream service in a process of its own, told over NATS what to do. */
export class Peer implements AsyncDisposable {
  readonly versions: Readonly<Record<string, string>>;
  readonly #child: Deno.ChildProcess;
  readonly #driver: NatsBroker;

  private constructor(
    child: Deno.ChildProcess,
    driver: NatsBroker,
    versions: Record<string, string>,
  ) {
    this.#child = child;
    this.#driver = driver;
    this.versions = versions;
  }

  /** Resolves once the service is there for every request. */
  static async start(python: string, url: string): Promise<Peer> {
    const child = new Deno.Command(python, {
      args: [PROGRAM, url],
      env: { PYTHONDONTWRITEBYTECODE: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const driver = new NatsBroker(url, { logger: false });
    try {
      const versions = JSON.parse(await firstLine(child.stdout));
      await driver.connect();
      return new Peer(child, driver, versions);
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  async publish(order: Order): Promise<void> {
    await this.#driver.request("drive.publish", order);
  }

  async request(order: Order): Promise<Seen> {
    return (await this.#driver.request("drive.request", order)).body as Seen;
  }

  async newInbox(): Promise<string> {
    return (await this.#driver.request("drive.new_inbox")).body as string;
  }

  async listen(subject: string): Promise<void> {
    await this.#driver.request("drive.listen", subject);
  }

  /** Everything heard since the last call, once it is this much. */
  async heard(count: number): Promise<Seen[]> {
    const all: Seen[] = [];
    for (let turns = 0; turns === 0 || all.length < count && turns < 100; turns++) {
      const answer: Message = await this.#driver.request("drive.heard");
      all.push(...answer.body as Seen[]);
      if (all.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver.stop();
    await end(this.#child);
  }
}

async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of output.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error(`Cannot start the FastStream service as it must say its versions: "${text}"`);
}

async function end(child: Deno.ChildProcess): Promise<void> {
  // the service ends once its input does; it may have ended by itself
  await child.stdin.close().catch(() => {});
  const overdue = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await child.status;
  clearTimeout(overdue);
}
