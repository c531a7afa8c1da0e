import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { ConflictError, jetstream, type Unique, workQueue } from "../../src/jetstream/mod.ts";
import { delay } from "../support/delay.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";

const PROGRAM = new URL("../support/jetstream/jobs_worker.ts", import.meta.url);
const config = 'jetstream: { store_dir: "streams" }';
const KILLS = 6;

/** A worker in a process of its own, and the bodies of the jobs that it has begun. */
class Worker {
  readonly begun: string[];
  readonly ready: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;

  constructor(url: string, unique: Unique, begun: string[]) {
    this.begun = begun;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--quiet", "-A", PROGRAM.href, url, unique],
      env: { NO_COLOR: "1" },
      stdout: "piped",
    }).spawn();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#read = this.#follow(resolve);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#read;
    await this.#child.status;
  }

  async #follow(ready: () => void): Promise<void> {
    let text = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      for (const line of lines) line === "ready" ? ready() : this.begun.push(line);
    }
  }
}

for (const unique of ["while-queued", "until-done", "replace"] as const) {
  Deno.test(`workQueue() with unique: "${unique}" loses no job while workers are killed in turn`, async () => {
    await using server = await NatsServer.start({ config });
    await using broker = new NatsBroker(server.url, { logger: false });
    const jobs = workQueue("JOBS", { subjects: ["jobs.{class}.{id}"], unique, declare: "create" });
    const js = jetstream(broker, { streams: [jobs] });
    await broker.start();
    const begun: string[] = [];
    const workers = [0, 1].map(() => new Worker(server.url, unique, begun));
    await Promise.all(workers.map(({ ready }) => ready));
    let isKilling = true;
    /** The last stored body of each subject, and all stored bodies. */
    const last = new Map<string, string>();
    const stored = new Set<string>();
    const publishing = (async () => {
      for (let at = 0; isKilling; at++) {
        const subject = `jobs.${at % 3 ? "normal" : "urgent"}.${at % 30}`;
        try {
          await js.publish(subject, String(at));
          last.set(subject, String(at));
          stored.add(String(at));
        } catch (error) {
          assert(error instanceof ConflictError && error.isTaken && unique !== "replace");
        }
        await delay(1);
      }
    })();
    for (let kills = 0; kills < KILLS; kills++) {
      await delay(150);
      await workers.shift()!.kill();
      const next = new Worker(server.url, unique, begun);
      workers.push(next);
      await next.ready;
    }
    isKilling = false;
    await publishing;
    const shop = Workshop.of(broker);
    await shop.emptied("JOBS", 40_000);
    await Promise.all(workers.map((worker) => worker.kill()));
    const seen = new Set(begun);
    const wanted = unique === "replace" ? [...last.values()] : [...stored];
    assertEquals(wanted.filter((body) => !seen.has(body)), []);
    assertEquals([...seen].filter((body) => !stored.has(body)), []);
    // each killed worker may repeat the jobs that it worked on or had not acknowledged yet
    assert(begun.length - seen.size <= KILLS * 2 * 4, `${begun.length} ${seen.size}`);
  });
}
