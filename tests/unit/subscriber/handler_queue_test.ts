import { assertEquals, assertStrictEquals } from "@std/assert";
import { breathing } from "../../../src/pacing.ts";
import { platformClock } from "../../../src/clock.ts";
import type { RawMessage } from "../../../src/message/raw_message.ts";
import { HandlerQueue, type Worker } from "../../../src/subscriber/handler_queue.ts";
import { packet } from "./incoming.ts";

const BOUNDS = { messages: 3, bytes: 1_000 };
const textOf = ({ data }: RawMessage) => new TextDecoder().decode(data);

/** Notes what it is given, and ends each when it is told to. */
class Slow implements Worker<RawMessage> {
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  readonly #ends: (() => void)[] = [];

  run(packet: RawMessage): Promise<void> {
    this.begun.push(textOf(packet));
    return new Promise((resolve) => this.#ends.push(resolve));
  }

  late(): void {}

  overflow(packet: RawMessage): void {
    this.refused.push(textOf(packet));
  }

  /** Ends the one that began first. */
  async end(): Promise<void> {
    this.#ends.shift()!();
    await undefined;
    await undefined;
  }
}

function take(intake: HandlerQueue<RawMessage>, ...bodies: string[]): void {
  for (const body of bodies) intake.take(packet(body));
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => settled = true);
  for (let turn = 0; turn < 5; turn++) await undefined;
  return settled;
}

Deno.test("HandlerQueue lets as many through as may run, and the next when one has ended", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 2, BOUNDS);
  intake.open(platformClock);
  take(intake, "a", "b", "c", "d");
  assertEquals(worker.begun, ["a", "b"]);
  await worker.end();
  assertEquals(worker.begun, ["a", "b", "c"]);
  await worker.end();
  assertEquals(worker.begun, ["a", "b", "c", "d"]);
});

Deno.test("HandlerQueue refuses what is past the bounds, and keeps what it has", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  take(intake, "a", "b", "c", "d", "e");
  assertEquals([worker.begun, worker.refused], [["a"], ["e"]]);
  await worker.end();
  take(intake, "f", "g");
  assertEquals([worker.begun, worker.refused], [["a", "b"], ["e", "g"]]);
});

Deno.test("HandlerQueue goes by bytes, headers included, too", () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, { messages: 100, bytes: 40 });
  intake.open(platformClock);
  take(intake, "a", "b".repeat(40), "c");
  assertEquals(worker.refused, ["c"]);
  const other = new HandlerQueue(worker, 1, { messages: 100, bytes: 30 });
  other.open(platformClock);
  other.take(packet("a"));
  other.take(packet("d", `x: ${"y".repeat(40)}`));
  other.take(packet("e"));
  assertEquals(worker.refused, ["c", "e"]);
});

Deno.test("HandlerQueue keeps a copy of what waits, as the bytes lie in the socket's chunk", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  const waiting = packet("b");
  take(intake, "a");
  intake.take(waiting);
  waiting.data.fill(0);
  await worker.end();
  assertEquals(worker.begun, ["a", "b"]);
});

Deno.test("HandlerQueue hands over when each message came, not when its turn was", async () => {
  const arrivals: number[] = [];
  let release = () => {};
  const worker: Worker<RawMessage> = {
    run(_packet, arrived) {
      arrivals.push(arrived);
      return new Promise((resolve) => release = resolve);
    },
    overflow() {},
    late() {},
  };
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  take(intake, "a", "b");
  const taken = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  release();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([arrivals.length, arrivals.every((arrived) => arrived <= taken)], [2, true]);
  release();
});

Deno.test("HandlerQueue goes through a backlog of any length, though no handler waits", async () => {
  const seen: string[] = [];
  const more = Array.from({ length: 20_000 }, (_, at) => `${at}`);
  const worker: Worker<RawMessage> = {
    run(packet) {
      seen.push(textOf(packet));
      // whatever comes while one is at work has to wait
      take(intake, ...more.splice(0));
    },
    overflow() {},
    late() {},
  };
  const intake = new HandlerQueue(worker, 1, { messages: 100_000, bytes: 10_000_000 });
  intake.open(platformClock);
  take(intake, "first");
  // with turns of the event loop in between
  await intake.drained();
  assertEquals([seen.length, seen[1], seen.at(-1)], [20_001, "0", "19999"]);
});

Deno.test("HandlerQueue.drained() leaves no timer behind, though its loop has just asked for a turn", async () => {
  const more = Array.from({ length: 16 }, (_, at) => `${at}`);
  const worker: Worker<RawMessage> = {
    run() {
      // long enough for a loop to ask for a turn
      const began = performance.now();
      while (more.length > 0 && performance.now() - began < 6);
      take(intake, ...more.splice(0));
    },
    overflow() {},
    late() {},
  };
  const intake = new HandlerQueue(worker, 1, { messages: 100, bytes: 10_000 });
  intake.open(platformClock);
  take(intake, "first");
  await intake.drained();
  assertEquals([intake.count, breathing()], [0, undefined]);
});

Deno.test("HandlerQueue.drained() resolves once every message has been seen through", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  assertStrictEquals(await isSettled(intake.drained()), true);
  take(intake, "a", "b");
  const drained = intake.drained();
  await worker.end();
  assertStrictEquals(await isSettled(drained), false);
  await worker.end();
  assertStrictEquals(await isSettled(drained), true);
  assertStrictEquals(await isSettled(intake.drained()), true);
});

Deno.test("HandlerQueue.clear() gives back what waits, and waits for nothing any more", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  take(intake, "a", "b", "c");
  const drained = intake.drained();
  assertEquals(intake.clear().map(textOf), ["b", "c"]);
  assertStrictEquals(await isSettled(drained), true);
  assertEquals(intake.clear(), []);
});

Deno.test("HandlerQueue counts nothing of what was at work before clear()", async () => {
  const worker = new Slow();
  const intake = new HandlerQueue(worker, 1, BOUNDS);
  intake.open(platformClock);
  take(intake, "a");
  intake.clear();
  take(intake, "b", "c");
  assertEquals(worker.begun, ["a", "b"]);
  // the end of "a" makes no room for "c"
  await worker.end();
  assertEquals(worker.begun, ["a", "b"]);
  await worker.end();
  assertEquals(worker.begun, ["a", "b", "c"]);
});
