import { assert, assertEquals } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { type Said, work } from "../support/jetstream/partition_worker.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";
import { jetstream } from "../../src/jetstream/mod.ts";

const WORKER = new URL("../support/jetstream/partition_worker.ts", import.meta.url).pathname;
const KEYS = 20;
const MESSAGES = 60;

/** A worker of a process of its own, and what it says. */
class Worker {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;

  constructor(url: string, said: Said[]) {
    const args = ["run", "--quiet", "--no-check", "-A", WORKER, url];
    this.#child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
    this.#read = this.#listen(said);
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  async end(): Promise<void> {
    this.kill("SIGKILL");
    await this.#child.status;
    await this.#read;
  }

  async #listen(said: Said[]): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("{")) said.push(JSON.parse(line));
    }
  }
}

Deno.test("consumer() with partitions keeps each key in order, one at a time, through killed and halted processes", () =>
  onNatsServer(async (server) => {
    const shop = await Workshop.at(server);
    await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
    const said: Said[] = [];
    const workers = Array.from({ length: 4 }, () => new Worker(server.url, said));
    try {
      for (let body = 0; body < MESSAGES; body++) {
        await shop.storeAll(Array.from({ length: KEYS }, (_, key) => `orders.${key}`), () => body);
      }
      for (let turn = 0; turn < 4; turn++) {
        await delay(1_000);
        if (turn % 2 === 0) {
          const old = workers.shift()!;
          await old.end();
          workers.push(new Worker(server.url, said));
        } else {
          workers[0]!.kill("SIGSTOP");
          await delay(3_000);
          workers[0]!.kill("SIGCONT");
        }
      }
      const js = jetstream(shop.broker);
      const dones = () => new Set(said.filter(isDone).map(({ key, body }) => `${key} ${body}`));
      await until(
        "all must be done",
        async () => dones().size === KEYS * MESSAGES && (await js.lag(work)).total === 0,
        { timeout: 90_000 },
      );
    } finally {
      await Promise.all(workers.map((worker) => worker.end()));
    }
    for (let key = 0; key < KEYS; key++) checkKey(said.filter((each) => each.key === String(key)));
  }, { jetstream: true, since: "2.15" }));

const isDone = ({ what }: Said) => what === "done";

/** What is done is done in order; only what was done right before may be done again, as its process was killed. */
function checkKey(said: readonly Said[]): void {
  const dones = said.filter(isDone).sort((one, other) => one.at - other.at);
  let next = 0;
  const story = said.map(({ what, body, at, ...more }) =>
    `${what} ${body} ${at % 100_000} ${JSON.stringify(more)}`
  );
  for (const { body } of dones) {
    assert(
      body === next || body === next - 1,
      `${body} came where ${next} was due: ${
        story.filter((line) => Math.abs(Number(line.split(" ")[1]) - next) < 3).join("\n")
      }`,
    );
    if (body === next) next++;
  }
  assertEquals(next, MESSAGES);
}
