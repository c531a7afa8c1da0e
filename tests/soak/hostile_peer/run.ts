import {
  ConnectionError,
  DecodeError,
  LinkError,
  NatsBroker,
  NoRespondersError,
  OutboxFullError,
  PayloadTooLargeError,
  RemoteError,
  type Session,
  TimeoutError,
} from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { Crashes } from "../../support/crashes.ts";
import { delay } from "../../support/delay.ts";
import { usedMemory } from "../../support/memory.ts";
import { seeded } from "../../unit/seeded_random.ts";
import { Liar } from "./liar.ts";
import { Mouth } from "./mouth.ts";

/** Which liars there are. */
export interface HostilePlan {
  readonly from: number;
  readonly seeds: number;
  /** How many at a time. */
  readonly together: number;
}

/** What became of it. */
export interface HostileResult {
  readonly line: string;
  /** What must not have been, with the seed where it is known. */
  readonly faults: readonly string[];
}

const KNOWN = [
  ConnectionError,
  DecodeError,
  LinkError,
  NoRespondersError,
  OutboxFullError,
  PayloadTooLargeError,
  RemoteError,
  TimeoutError,
];
const BRISK = { resumeTimeout: 300, keepAlive: 100, window: { messages: 16, bytes: 8_192 } };
/** A liar that has ceased is found out in this many milliseconds, on a loaded machine too. */
const PATIENCE = 20_000;
/** What may be held for one liar while it lies, and what all of them may leave behind, in bytes. */
const HELD = 256 * 1_024;
const KEPT = 8 * 2 ** 20;
/** Answers of a bystander may take so long, in milliseconds. */
const SERVED = 10_000;
/** What the connection of the liars subscribes to. */
const MOUTH = 2;

/** Has so many liars talk to one broker, as openers and as servers, with honest work beside them. */
export async function lie({ from, seeds, together }: HostilePlan): Promise<HostileResult> {
  using crashes = new Crashes();
  await using server = await EmbeddedServer.start();
  await using stage = await Stage.start(server);
  let before = 0;
  for (let seed = from; seed < from + seeds && stage.faults.length < 10; seed += together) {
    const last = Math.min(seed + together, from + seeds);
    await stage.play(seed, last);
    if (before === 0) before = usedMemory();
  }
  const grown = usedMemory() - before;
  const { faults } = stage;
  if (grown > KEPT) faults.push(`${grown} bytes are kept`);
  faults.push(...crashes.found.map((crash) => `crash: ${Deno.inspect(crash)}`));
  const line = `${seeds} liars from ${from}: ${stage.shown()}, ${grown} bytes grown`;
  return { line, faults };
}

/** Two brokers under attack, one of which may only answer, and an honest one beside them. */
class Stage implements AsyncDisposable {
  readonly faults: string[] = [];
  readonly #server: EmbeddedServer;
  readonly #hosts: readonly [free: NatsBroker, limited: NatsBroker];
  readonly #honest: NatsBroker;
  /** Links that are served, by the subject that has the seed. */
  readonly #open = new Map<Session, string>();
  /** How many subscriptions there are without any liar. */
  #idle = 0;
  readonly #ends = new Map<string, number>();

  private constructor(server: EmbeddedServer) {
    const { url } = this.#server = server;
    const common = { logger: false, inboxPrefix: "_HOST" } as const;
    this.#hosts = [
      new NatsBroker(url, common),
      new NatsBroker(url, { ...common, allowResponses: { max: 3 } }),
    ];
    this.#honest = new NatsBroker(url, { logger: false, inboxPrefix: "_FRIEND" });
  }

  static async start(server: EmbeddedServer): Promise<Stage> {
    const stage = new Stage(server);
    stage.#serve(stage.#hosts[0], "free");
    stage.#serve(stage.#hosts[1], "limited");
    await Promise.all(stage.#hosts.map((host) => host.start()));
    await stage.#honest.connect();
    // the inbox of all its answers is there to stay
    await stage.#honest.request("free.ask");
    stage.#idle = server.stats().subscriptions;
    return stage;
  }

  shown(): string {
    return [...this.#ends].sort().map(([reason, times]) => `${times} ${reason}`).join(", ");
  }

  /** One batch: all lie at once, and all must be over soon after. */
  async play(from: number, to: number): Promise<void> {
    await using mouth = await Mouth.connect(this.#server.url);
    const before = usedMemory();
    const seeds = Array.from({ length: to - from }, (_, at) => from + at);
    const lies = seeds.map((seed) => this.#lie(mouth, seed));
    const honest = this.#work(from);
    await Promise.all(lies);
    const held = usedMemory() - before;
    if (held > HELD * seeds.length + KEPT) {
      this.faults.push(`seeds from ${from}: ${held} bytes are held`);
    }
    await honest.catch((error) => this.faults.push(`seeds from ${from}: ${error}`));
    await mouth.said();
    await this.#settled(from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#hosts, this.#honest];
    await Promise.all(all.map((broker) => broker.stop({ timeout: 5_000 })));
  }

  #serve(broker: NatsBroker, name: string): void {
    broker.session(`${name}.echo.{seed}`, BRISK, async (session) => {
      this.#watch(session);
      for await (const { body } of session) await session.send(body);
    });
    broker.session(`${name}.talk.{seed}`, BRISK, async (session) => {
      this.#watch(session);
      for (let n = 0; n < 500; n++) await session.send({ n, text: "x".repeat(50) });
      await session.end();
    });
    broker.session(`${name}.ears.{seed}`, { ...BRISK, resumeTimeout: 0 }, async (session) => {
      this.#watch(session);
      while (await session.next()) await delay(1);
    });
    broker.subscriber(`${name}.count.{seed}`, { streams: BRISK }, async function* () {
      for (let n = 0; n < 200; n++) yield n;
    });
    broker.subscriber(`${name}.ask`, ({ body }) => body);
    // without a window of its own, as nobody lies to it
    broker.session(`${name}.friend`, async (session) => {
      for await (const { body } of session) await session.send(body);
    });
  }

  #watch(session: Session): void {
    this.#open.set(session, session.subject);
    void session.closed.then((reason) => {
      this.#open.delete(session);
      this.#ends.set(reason, (this.#ends.get(reason) ?? 0) + 1);
    });
  }

  async #lie(mouth: Mouth, seed: number): Promise<void> {
    const random = seeded(seed);
    // the first numbers of neighbouring seeds are alike
    for (let at = 0; at < 8; at++) random(1);
    const liar = new Liar(mouth, random, seed);
    const kinds = ["echo", "talk", "ears", "count"] as const;
    const kind = random(6);
    const host = random(2);
    if (kind < 4) {
      liar.open(
        `${host ? "limited" : "free"}.${kinds[kind]}.${seed}`,
        kind === 3 ? "stream" : "session",
      );
      return await liar.misbehave();
    }
    const asked = this.#ask(this.#hosts[host]!, seed, kind === 4);
    await liar.misbehave();
    await this.#isOver(asked, seed);
  }

  /** Asks a liar, and does with it what programs do. */
  async #ask(host: NatsBroker, seed: number, isSession: boolean): Promise<void> {
    const options = { timeout: 400, deadline: 3_000, ...BRISK };
    try {
      if (!isSession) {
        const stream = host.requestStream(`liar.${seed}`, "open", options);
        for await (const { body } of stream) void body;
        return;
      }
      const session = await host.openSession(`liar.${seed}`, "open", options);
      this.#watch(session);
      const reading = Array.fromAsync(session);
      reading.catch(() => {});
      for (let n = 0; n < 40; n++) await session.send(n);
      await session.end();
      await reading;
    } catch (error) {
      if (KNOWN.some((kind) => error instanceof kind)) return;
      this.faults.push(`seed ${seed}: ${Deno.inspect(error)}`);
    }
  }

  async #isOver(asked: Promise<void>, seed: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.faults.push(`seed ${seed} is not over`);
      late.resolve();
    }, PATIENCE);
    await Promise.race([asked, late.promise]);
    clearTimeout(timer);
  }

  /** Requests, and a session, of somebody who does not lie. */
  async #work(from: number): Promise<void> {
    const name = from % 2 ? "free" : "limited";
    const session = await this.#honest.openSession(`${name}.friend`, null, { timeout: SERVED });
    const got: unknown[] = [];
    for (let n = 0; n < 50; n++) {
      await session.send(n);
      got.push((await session.next({ timeout: SERVED }))?.body);
      const { body } = await this.#honest.request(`${name}.ask`, n, { timeout: SERVED });
      if (body !== n) this.faults.push(`seeds from ${from}: ${body} is the answer to ${n}`);
    }
    await session.end();
    const reason = await session.closed;
    const isWhole = got.every((body, at) => body === at) && reason === "complete";
    if (!isWhole) this.faults.push(`seeds from ${from}: the honest session was ${reason}: ${got}`);
  }

  /** Nobody is left to lie, so every link ends, and lets go of its inbox. */
  async #settled(from: number): Promise<void> {
    const until = performance.now() + PATIENCE;
    const left = () => this.#server.stats().subscriptions - this.#idle - MOUTH;
    while ((this.#open.size > 0 || left() > 0) && performance.now() < until) await delay(20);
    if (left() > 0) this.faults.push(`seeds from ${from}: ${left()} inboxes are left`);
    for (const [session, subject] of this.#open) {
      this.faults.push(`${subject} goes on: ${session.state}`);
      session.abort();
    }
  }
}
