import type { NatsConnection, PublishOptions } from "@nats-io/transport-deno";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { InvalidSubjectError, PayloadTooLargeError } from "../../../src/errors.ts";
import { PlainWriter } from "../../../src/line/plain_writer.ts";
import type { EncodedMessage } from "../../../src/message/encoded_message.ts";

const encoder = new TextEncoder();
/** What is handed to the client at most that the server has not answered for. */
const WINDOW = 65_536;

function message(subject: string, size = 1, more: Partial<EncodedMessage> = {}): EncodedMessage {
  const data = new Uint8Array(size);
  return { subject, replyTo: "", data, headerBlock: undefined, ...more };
}

interface Published {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly options: PublishOptions;
}

/** A writer over a client that notes what it is given, and a server that answers when the test says so. */
function stage() {
  const published: Published[] = [];
  const questions: PromiseWithResolvers<void>[] = [];
  const dropped: [string, Error][] = [];
  const state = { isClosed: false, isHeld: false, largest: 1_048_576, unanswered: 0 };
  const client = {
    info: {
      get max_payload() {
        return state.largest;
      },
    },
    isClosed: () => state.isClosed,
    publish(subject: string, data: Uint8Array, options: PublishOptions) {
      if (data.length > state.largest) throw new Error("max_payload size exceeded");
      published.push({ subject, data, options });
      state.unanswered += data.length;
    },
  } as unknown as NatsConnection;
  const writer = new PlainWriter(client, {
    isHeld: () => state.isHeld,
    confirm() {
      const question = Promise.withResolvers<void>();
      questions.push(question);
      return question.promise;
    },
    dropped: ({ subject }, error) => void dropped.push([subject, error]),
  });
  const subjects = () => published.map(({ subject }) => subject);
  /** The server answers one question after the other, the new ones, too. */
  const answerAll = async () => {
    for (let question; (question = questions.shift());) {
      question.resolve();
      await turns();
    }
  };
  return { writer, published, questions, dropped, state, subjects, answerAll };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined;
}

Deno.test("PlainWriter.publish() hands the client no more than 64 KiB beyond the last answer", async () => {
  const { writer, published, questions, state } = stage();
  for (let n = 0; n < 200; n++) writer.publish(message(`${n}`, 1_000));
  while (published.length < 200) {
    assertLessOrEqual(state.unanswered, WINDOW);
    const { length } = published;
    state.unanswered = 0;
    for (const question of questions.splice(0)) question.resolve();
    await turns();
    assert(published.length > length, "nothing moved on, though all was answered");
  }
  assertEquals(
    published.map(({ subject }) => subject),
    Array.from({ length: 200 }, (_, n) => `${n}`),
  );
});

Deno.test("PlainWriter.publish() asks before the window is full, and not for each message", () => {
  const { writer, questions } = stage();
  for (let n = 0; n < 50; n++) writer.publish(message(`${n}`, 1_000));
  assert(questions.length >= 2 && questions.length <= 4, `${questions.length} questions`);
});

Deno.test("PlainWriter asks once behind what it writes in a turn, unless requests alone are written", async () => {
  const { writer, questions } = stage();
  writer.publish(message("request", 1, { timeLeft: 1_000 }));
  await turns();
  assertEquals(questions.length, 0);
  writer.publish(message("one"));
  writer.publish(message("two"));
  assertEquals(questions.length, 0);
  await turns();
  assertEquals(questions.length, 1);
  writer.runInOrder({ isUnanswered: true, isReady: () => true, run() {} });
  await turns();
  assertEquals(questions.length, 2);
});

for (const [first, second] of [[1, 65_536], [10_000, 60_000], [16_000, 1_000_000]] as const) {
  Deno.test(`PlainWriter.publish() writes ${second} bytes behind ${first}, with nothing else published`, async () => {
    const { writer, subjects, answerAll } = stage();
    writer.publish(message("first", first));
    writer.publish(message("second", second));
    assertEquals(subjects(), ["first"]);
    await answerAll();
    assertEquals(subjects(), ["first", "second"]);
  });
}

Deno.test("PlainWriter.publish() writes what waits whatever sizes follow each other", async () => {
  const { writer, subjects, answerAll } = stage();
  const sizes = [60_000, 10_000, 60_000, 1, 65_000, 15_000, 64_000, 100_000, 3, 70_000];
  for (const [n, size] of sizes.entries()) writer.publish(message(`${n}`, size));
  await answerAll();
  assertEquals(subjects(), sizes.map((_, n) => `${n}`));
  assertEquals([writer.sentBytes, writer.sentMessages, writer.acceptedMessages], [
    writer.acceptedBytes,
    10,
    10,
  ]);
});

Deno.test("PlainWriter.publish() writes a message that is larger than the window by itself", async () => {
  const { writer, subjects, answerAll } = stage();
  writer.publish(message("large", 200_000));
  writer.publish(message("small"));
  assertEquals(subjects(), ["large"]);
  await answerAll();
  assertEquals(subjects(), ["large", "small"]);
});

Deno.test("PlainWriter.publish() sends the bytes of its moment, its reply address and its headers", async () => {
  const { writer, published, answerAll } = stage();
  const headerBlock = encoder.encode("NATS/1.0\r\na:1\r\na: two: 2\r\nb:\r\n\r\n");
  for (const size of [1, WINDOW]) {
    const outgoing = message("s", size, { replyTo: "r", headerBlock });
    outgoing.data.fill(7);
    writer.publish(outgoing);
    outgoing.data.fill(8);
  }
  await answerAll();
  for (const { data, options } of published) {
    assert(data.every((byte) => byte === 7));
    assertEquals([...options.headers!], [["a", ["1", "two: 2"]], ["b", [""]]]);
    assertEquals(options.reply, "r");
  }
  writer.publish(message("bare"));
  assertEquals(published.at(-1)!.options, {});
});

Deno.test("PlainWriter.publish() refuses what would break a line apart, and counts nothing of it", () => {
  const { writer, published } = stage();
  for (const parts of [{ subject: "a b" }, { replyTo: "a\r\nPUB b" }]) {
    assertThrows(() => writer.publish({ ...message("a"), ...parts }), InvalidSubjectError);
  }
  assertEquals(
    [published.length, writer.acceptedBytes, writer.acceptedMessages, writer.sentBytes],
    [0, 0, 0, 0],
  );
});

Deno.test("PlainWriter.takeUnsent() gives what waits, in order and with the bytes of its moment", () => {
  const { writer, subjects } = stage();
  writer.publish(message("gone", WINDOW));
  const kept = message("kept", 3);
  writer.publish(kept);
  kept.data.fill(9);
  writer.publish(message("fleeting", 1, { dropOnDisconnect: true }));
  writer.publish(message("last"));
  assertEquals([writer.acceptedMessages, writer.sentMessages], [3, 1]);
  assertEquals([writer.has(kept), writer.sentBytes < writer.acceptedBytes], [true, true]);
  const unsent = writer.takeUnsent();
  assertEquals(unsent.map(({ outgoing }) => outgoing.subject), ["kept", "last"]);
  assertEquals(unsent[0]!.data, new Uint8Array(3));
  assertEquals([writer.acceptedMessages, writer.sentMessages, writer.has(kept)], [1, 1, false]);
  assertEquals([writer.sentBytes, writer.takeUnsent()], [writer.acceptedBytes, []]);
  assertEquals(subjects(), ["gone"]);
});

Deno.test("PlainWriter.takeUnsent() holds everything back of a client that has closed", () => {
  const { writer, state, subjects } = stage();
  state.isClosed = true;
  writer.publish(message("a"));
  writer.publish(message("b"));
  assertEquals([subjects(), writer.acceptedMessages, writer.sentMessages], [[], 2, 0]);
  assertEquals(writer.takeUnsent().length, 2);
});

Deno.test("PlainWriter.dropCancelled() has what waits never sent, and counts it no more", async () => {
  const { writer, subjects, answerAll } = stage();
  writer.publish(message("gone", WINDOW));
  const all = ["a", "b", "c", "d", "e"].map((subject) => message(subject));
  for (const one of all) writer.publish(one);
  for (const one of [all[1]!, all[3]!]) {
    one.dropOnDisconnect = true;
    writer.dropCancelled();
  }
  await answerAll();
  assertEquals(subjects(), ["gone", "a", "c", "e"]);
  assertEquals([writer.acceptedMessages, writer.sentMessages, writer.sentBytes], [
    4,
    4,
    writer.acceptedBytes,
  ]);
});

Deno.test("PlainWriter.dropCancelled() gives room at once where most of what waits is forgotten", () => {
  const { writer } = stage();
  writer.publish(message("gone", WINDOW));
  const all = [message("a", 300), message("b", 300)];
  for (const one of all) {
    writer.publish(one);
    one.dropOnDisconnect = true;
    writer.dropCancelled();
  }
  assertEquals([writer.sentBytes, writer.acceptedMessages, writer.has(all[0]!)], [
    writer.acceptedBytes,
    1,
    false,
  ]);
});

Deno.test("PlainWriter.publish() sends what is forgotten from the start, and counts only what nobody watches", async () => {
  const { writer, subjects, answerAll } = stage();
  writer.publish(message("watched", 1, { isAwaited: true }));
  writer.publish(message("fleeting", WINDOW, { dropOnDisconnect: true }));
  assertEquals([writer.acceptedMessages, writer.sentMessages], [0, 0]);
  await answerAll();
  assertEquals([subjects(), writer.acceptedMessages, writer.sentMessages], [
    ["watched", "fleeting"],
    0,
    0,
  ]);
});

Deno.test("PlainWriter.room() waits while more than a megabyte waits", async () => {
  const { writer, questions, answerAll } = stage();
  writer.publish(message("gone", WINDOW));
  for (let n = 0; n < 10; n++) writer.publish(message(`${n}`, 100_000));
  assertStrictEquals(writer.room(), undefined);
  writer.publish(message("too.much", 100_000));
  const room = writer.room()!;
  assertStrictEquals(writer.room(), room);
  let isThere = false;
  void room.then(() => isThere = true);
  await turns();
  assertStrictEquals(isThere, false);
  assertStrictEquals(questions.length, 1);
  await answerAll();
  assertEquals([isThere, writer.room()], [true, undefined]);
});

Deno.test("PlainWriter.room() is there once what waits is taken back", async () => {
  const { writer } = stage();
  for (let n = 0; n < 3; n++) writer.publish(message(`${n}`, 1_000_000));
  const room = writer.room();
  writer.takeUnsent();
  await room;
});

Deno.test("PlainWriter.runInOrder() goes on behind all that was published before, and before what comes later", async () => {
  const { writer, questions, subjects } = stage();
  const steps: string[][] = [];
  const step = { isReady: () => true, run: () => void steps.push(subjects()) };
  writer.runInOrder(step);
  writer.publish(message("a", WINDOW));
  writer.runInOrder(step);
  writer.publish(message("b", WINDOW));
  writer.runInOrder(step);
  writer.publish(message("c", WINDOW));
  await turns();
  assertEquals(steps, [[], ["a"]]);
  questions.shift()!.resolve();
  await turns();
  assertEquals(steps, [[], ["a"], ["a", "b"]]);
});

Deno.test("PlainWriter.runInOrder() keeps back all that comes behind a step that may not go yet", () => {
  const { writer, subjects } = stage();
  let [isReady, gone] = [false, 0];
  writer.runInOrder({ isReady: () => isReady, run: () => gone++ });
  writer.publish(message("a"));
  writer.resume();
  assertEquals([gone, subjects()], [0, []]);
  isReady = true;
  writer.resume();
  assertEquals([gone, subjects()], [1, ["a"]]);
});

Deno.test("PlainWriter writes nothing while it is held", () => {
  const { writer, state, subjects } = stage();
  state.isHeld = true;
  writer.publish(message("a"));
  assertEquals(subjects(), []);
  state.isHeld = false;
  writer.resume();
  assertEquals(subjects(), ["a"]);
});

Deno.test("PlainWriter drops what the server has come to refuse, tells of it, and goes on", async () => {
  const { writer, state, dropped, subjects, answerAll } = stage();
  writer.publish(message("gone", WINDOW));
  writer.publish(message("too.large", 5_000));
  writer.publish(message("small", 10));
  state.largest = 1_000;
  await answerAll();
  assertEquals(subjects(), ["gone", "small"]);
  assertEquals([writer.acceptedMessages, writer.sentMessages, writer.sentBytes], [
    2,
    2,
    writer.acceptedBytes,
  ]);
  const [[subject, error]] = dropped as [[string, Error]];
  assertStrictEquals(subject, "too.large");
  assert(error instanceof PayloadTooLargeError);
  assertStrictEquals(dropped.length, 1);
});

Deno.test("PlainWriter hands nothing on where the line has ended under a question", async () => {
  const { writer, questions, subjects } = stage();
  writer.publish(message("a", WINDOW));
  writer.publish(message("b", WINDOW));
  questions.shift()!.reject(new Error("the connection was closed"));
  await turns();
  assertEquals(subjects(), ["a"]);
  assertStrictEquals(writer.takeUnsent().length, 1);
});
