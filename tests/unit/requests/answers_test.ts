import {
  ConnectionError,
  DecodeError,
  NoRespondersError,
  OutboxFullError,
  PermissionError,
  RemoteError,
  type Schema,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import type { MessageSink } from "../../../src/connection/connection.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";
import { EventFeed } from "../../../src/events.ts";
import {
  type Answer,
  type Answers,
  type RequestManyOptions,
  requestManySettings,
} from "../../../src/requests/answers.ts";
import { CollectedAnswers, type QuestionToMany } from "../../../src/requests/collected_answers.ts";
import type { EncodedMessage } from "../../../src/message/encoded_message.ts";

const INBOX = "_INBOX.own";
const encoder = new TextEncoder();

/** A feed that knows how many listen to it. */
class CountedFeed extends EventFeed {
  listeners = 0;

  override listen(listener: Parameters<EventFeed["listen"]>[0]): () => void {
    const stop = super.listen(listener);
    this.listeners++;
    return () => {
      this.listeners--;
      stop();
    };
  }
}

/** A connection that writes down what is done to it, and answers as the test says. */
class FakeConnection {
  readonly feed = new CountedFeed();
  readonly steps: string[] = [];
  isUp = true;
  fault: Error | undefined;
  taker!: MessageSink;
  readonly #held = new Set<EncodedMessage>();

  subscribe(subject: string, taker: MessageSink) {
    this.steps.push(`SUB ${subject}`);
    this.taker = taker;
    return {
      unsubscribe: () => void this.steps.push(`UNSUB ${subject}`),
      drain: () => Promise.resolve(),
    };
  }

  publish(outgoing: EncodedMessage): boolean {
    if (this.fault) throw this.fault;
    const { subject, replyTo } = outgoing;
    this.steps.push(`${this.isUp ? "PUB" : "HOLD"} ${subject} ${replyTo}`);
    if (!this.isUp) this.#held.add(outgoing);
    return this.isUp;
  }

  cancel(outgoing: EncodedMessage): void {
    if (this.#held.delete(outgoing)) this.steps.push("WITHDRAW");
  }

  request(options?: RequestManyOptions, encode?: QuestionToMany["encode"]): Answers {
    const question = {
      subject: "ask",
      replyTo: "",
      data: new Uint8Array(),
      headerBlock: undefined,
    };
    const settings = requestManySettings(options, 5_000);
    const asked = { subject: question.subject, replyTo: INBOX, encode: encode ?? (() => question) };
    return new CollectedAnswers(
      {
        clock: platformClock,
        connection: this,
        feed: this.feed,
        addresses: new ReplyAddresses("_INBOX", undefined),
      },
      asked,
      settings,
    );
  }

  answer(body: string, headers?: string): void {
    const data = encoder.encode(body);
    const headerBlock = headers === undefined
      ? undefined
      : encoder.encode(`NATS/1.0${headers}\r\n`);
    this.taker.take({ subject: INBOX, replyTo: "", data, headerBlock });
  }
}

const SENT = [`SUB ${INBOX}`, `PUB ask ${INBOX}`];
const GONE = [...SENT, `UNSUB ${INBOX}`];
const NO_RESPONDERS = " 503\r\n";

async function bodiesOf(answers: AsyncIterable<Answer>): Promise<unknown[]> {
  const bodies = [];
  for await (const { body } of answers) bodies.push(body);
  return bodies;
}

Deno.test("requestManySettings() fills in the defaults", () => {
  assertEquals(requestManySettings(undefined, 5_000), {
    max: Infinity,
    stall: undefined,
    sentinel: false,
    timeout: 5_000,
    signal: undefined,
    schema: undefined,
  });
  assertEquals(requestManySettings({ timeout: 0 }, 5_000).timeout, 0);
});

Deno.test("requestManySettings() refuses what is wrong in a sentence that names it", () => {
  const wrong = {
    max: 0,
    stall: -1,
    timeout: Infinity,
    signal: {},
    headers: "a: b",
    correlationId: "a\r\nb",
    schema: {},
    sentinel: "end",
    strategy: "sentinel",
  };
  for (const [option, value] of Object.entries(wrong)) {
    const error = assertThrows(() => requestManySettings({ [option]: value }, 1), TypeError);
    assertEquals(error.message.startsWith("Cannot request many as "), true);
    assertEquals(error.message.includes(`"${option}"`), true);
  }
});

Deno.test("Answers subscribes before it asks, at the call", () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  connection.request();
  assertEquals(connection.steps, SENT);
});

Deno.test("Answers ends with `max`, and takes none beyond it", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ max: 2 });
  for (const body of ["1", "2", "3"]) connection.answer(body);
  assertEquals(connection.steps, GONE);
  assertEquals(await answers.closed, "max");
  assertEquals(await bodiesOf(answers), [1, 2]);
});

Deno.test("Answers ends with `timeout` and no error, however many came", async () => {
  using time = new FakeTime();
  for (const came of [0, 1, 3]) {
    const connection = new FakeConnection();
    const answers = connection.request({ timeout: 200 });
    for (let body = 0; body < came; body++) connection.answer(`${body}`);
    time.tick(199);
    assertEquals(connection.steps, SENT);
    time.tick(1);
    assertEquals(connection.steps, GONE);
    assertEquals(await answers.closed, "timeout");
    assertEquals((await bodiesOf(answers)).length, came);
  }
});

Deno.test("Answers takes the broker's timeout where none is given", async () => {
  using time = new FakeTime();
  const answers = new FakeConnection().request();
  const read = bodiesOf(answers);
  time.tick(5_000);
  assertEquals(await read, []);
  assertEquals(await answers.closed, "timeout");
});

Deno.test("Answers ends with `stall` so long after the last, and not before the first", async () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ stall: 50, timeout: 1_000 });
  time.tick(500);
  for (let body = 0; body < 4; body++) {
    connection.answer(`${body}`);
    time.tick(49);
  }
  assertEquals(connection.steps, SENT);
  time.tick(2);
  assertEquals(connection.steps, GONE);
  assertEquals(await answers.closed, "stall");
  assertEquals(await bodiesOf(answers), [0, 1, 2, 3]);
});

Deno.test("Answers leaves no timer and no listener behind, whatever ended it", () => {
  const ways: Record<string, (connection: FakeConnection, answers: Answers) => unknown> = {
    max: (connection) => connection.answer("2"),
    closed: (_, answers) => answers.close(),
    aborted: () => controller.abort(),
    "no-responders": (connection) => connection.answer("", NO_RESPONDERS),
    permission: (connection) => connection.taker.refused(new PermissionError("subscribe", INBOX)),
    connection: (connection) => connection.feed.emit({ type: "closed", error: undefined }),
  };
  let controller = new AbortController();
  for (const end of Object.values(ways)) {
    using time = new FakeTime();
    controller = new AbortController();
    const connection = new FakeConnection();
    const { signal } = controller;
    using removed = spy(signal, "removeEventListener");
    const answers = connection.request({ max: 2, stall: 100, timeout: 200, signal });
    connection.answer("1");
    end(connection, answers);
    assertEquals(connection.steps, GONE);
    assertEquals(time.next(), false);
    assertEquals(connection.feed.listeners, 0);
    assertEquals(removed.calls.map(({ args }) => args[0]), ["abort"]);
  }
});

Deno.test("Answers takes an empty answer for an answer, and the status 503 for nobody", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request();
  connection.answer("");
  connection.answer("{}", NO_RESPONDERS);
  connection.answer("last");
  connection.answer("", NO_RESPONDERS);
  assertEquals(await answers.closed, "no-responders");
  const read: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const { data } of answers) read.push(data.length);
  }, NoRespondersError);
  assertEquals(error.subject, "ask");
  assertEquals(read, [0, 2, 4]);
});

Deno.test("Answers gives an error answer as one of them, and goes on", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ max: 3 });
  connection.answer(
    '{"left":0}',
    "\r\nNats-Service-Error-Code: 409\r\nNats-Service-Error: Sold\r\n",
  );
  connection.answer("{broken", "\r\ncontent-type: application/json\r\n");
  connection.answer("7");
  const [sold, broken, good] = await Array.fromAsync(answers);
  assertInstanceOf(sold!.error, RemoteError);
  assertEquals([sold!.error.code, sold!.error.description], [409, "Sold"]);
  assertEquals([sold!.error.data, sold!.body], [{ left: 0 }, { left: 0 }]);
  assertInstanceOf(broken!.error, DecodeError);
  assertEquals(new TextDecoder().decode(broken!.data), "{broken");
  assertEquals([good!.error, good!.body], [undefined, 7]);
});

function schemaOf<Body>(accept: (value: unknown) => Body | undefined): Schema<Body> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => {
        const made = await Promise.resolve(accept(value));
        return made === undefined ? { issues: [{ message: "unfit" }] } : { value: made };
      },
    },
  };
}

Deno.test("Answers gives what the schema makes, and the error of what does not fit", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const doubled = schemaOf((value) => typeof value === "number" ? value * 2 : undefined);
  const answers = connection.request({ schema: doubled, max: 3 });
  for (const body of ["1", "text", "3"]) connection.answer(body);
  const [one, text, three] = await Array.fromAsync(answers);
  assertEquals([one!.body, three!.body], [2, 6]);
  assertInstanceOf(text!.error, ValidationError);
  assertEquals(text!.body, "text");
});

Deno.test("Answers throws what a broken schema throws, and closes", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const schema = schemaOf(() => {
    throw new RangeError("a mistake in the schema");
  });
  const answers = connection.request({ schema });
  connection.answer("1");
  await assertRejects(() => bodiesOf(answers), RangeError, "a mistake in the schema");
  assertEquals(await answers.closed, "cancelled");
  assertEquals(connection.steps, GONE);
});

Deno.test("Answers throws the reason of its signal at once, and forgets what waits", async () => {
  using _time = new FakeTime();
  for (const reason of [new Error("enough"), "a word", null]) {
    const connection = new FakeConnection();
    const controller = new AbortController();
    const answers = connection.request({ signal: controller.signal });
    connection.answer("1");
    connection.answer("2");
    const iterator = answers[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.body, 1);
    controller.abort(reason);
    assertEquals(
      await iterator.next().catch((thrown) => ({ thrown })),
      { thrown: reason } as never,
    );
    assertEquals(await answers.closed, "cancelled");
    assertEquals(connection.steps, GONE);
  }
});

Deno.test("Answers wakes the loop that waits when its signal aborts", async () => {
  using _time = new FakeTime();
  const controller = new AbortController();
  const read = bodiesOf(new FakeConnection().request({ signal: controller.signal }));
  controller.abort(new Error("enough"));
  await assertRejects(() => read, Error, "enough");
});

Deno.test("Answers asks nothing with a signal that has aborted", async () => {
  const connection = new FakeConnection();
  const answers = connection.request({ signal: AbortSignal.abort(new Error("too late")) });
  assertEquals(connection.steps, []);
  assertEquals(await answers.closed, "cancelled");
  await assertRejects(() => bodiesOf(answers), Error, "too late");
});

Deno.test("Answers encodes no question that is not to be sent", () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  const encode = spy(() => Promise.reject(new Error("a middleware's")));
  connection.request({ signal: AbortSignal.abort() }, encode);
  connection.subscribe = () => {
    throw new ConnectionError("not connected", "closed");
  };
  assertThrows(() => connection.request({}, encode), ConnectionError);
  assertEquals(encode.calls, []);
  assertEquals([time.next(), connection.feed.listeners], [false, 0]);
});

Deno.test("Answers leaves nothing behind where the question cannot be encoded", async () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  const controller = new AbortController();
  const { signal } = controller;
  using removed = spy(signal, "removeEventListener");
  const fault = new RangeError("cannot be encoded");
  const encode = () => {
    throw fault;
  };
  assertThrows(() => connection.request({ signal }, encode), RangeError);
  assertEquals(connection.steps, [`SUB ${INBOX}`, `UNSUB ${INBOX}`]);
  assertEquals([time.next(), connection.feed.listeners], [false, 0]);
  assertEquals(removed.calls.length, 1);
  const answers = connection.request({ signal }, () => Promise.reject(fault));
  assertEquals(await assertRejects(() => bodiesOf(answers)), fault);
});

Deno.test("Answers sends nothing if its signal aborts while the question is encoded", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const controller = new AbortController();
  const encode = (): Promise<EncodedMessage> => {
    controller.abort(new Error("enough"));
    return Promise.resolve(
      { subject: "ask", replyTo: "", data: new Uint8Array() } as EncodedMessage,
    );
  };
  const answers = connection.request({ signal: controller.signal }, encode);
  await assertRejects(() => bodiesOf(answers), Error, "enough");
  assertEquals(connection.steps, [`SUB ${INBOX}`, `UNSUB ${INBOX}`]);
});

Deno.test("Answers throws at the call what keeps the question from being sent", () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  connection.fault = new OutboxFullError("ask", 10, 10);
  assertThrows(() => connection.request(), OutboxFullError);
  assertEquals(connection.steps, [`SUB ${INBOX}`, `UNSUB ${INBOX}`]);
  assertEquals(time.next(), false);
});

Deno.test("Answers that found no connection in time takes the question back and says so", async () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  connection.isUp = false;
  const answers = connection.request({ timeout: 100 });
  time.tick(100);
  assertEquals(connection.steps, [
    `SUB ${INBOX}`,
    `HOLD ask ${INBOX}`,
    `UNSUB ${INBOX}`,
    "WITHDRAW",
  ]);
  assertEquals(await answers.closed, "timeout");
  const error = await assertRejects(() => bodiesOf(answers), TimeoutError);
  assertEquals([error.subject, error.timeout], ["ask", 100]);
});

Deno.test("Answers waits for the connection within its timeout, which does not begin anew", async () => {
  using time = new FakeTime();
  const connection = new FakeConnection();
  connection.isUp = false;
  const answers = connection.request({ timeout: 100 });
  time.tick(60);
  connection.feed.emit({ type: "connected", server: "a:1", reconnects: 1 });
  connection.answer("1");
  time.tick(40);
  assertEquals(await answers.closed, "timeout");
  assertEquals(await bodiesOf(answers), [1]);
});

Deno.test("Answers throws a PermissionError about its question or its inbox, and no other's", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const [asking, listening] = [connection.request(), connection.request()];
  const elsewhere = new PermissionError("publish", "elsewhere");
  connection.feed.emit({ type: "error", error: elsewhere });
  connection.feed.emit({ type: "error", error: new PermissionError("subscribe", "ask") });
  assertEquals(connection.steps, [...SENT, ...SENT]);
  const refused = new PermissionError("subscribe", INBOX);
  connection.taker.refused(refused);
  assertEquals(await assertRejects(() => bodiesOf(listening)), refused);
  assertEquals(await listening.closed, "permission");
  const forbidden = new PermissionError("publish", "ask");
  connection.feed.emit({ type: "error", error: forbidden });
  assertEquals(await assertRejects(() => bodiesOf(asking)), forbidden);
  assertEquals(await asking.closed, "permission");
});

Deno.test("Answers gives what waits and then throws when the connection is closed", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request();
  connection.answer("1");
  const cause = new Error("revoked");
  connection.feed.emit({ type: "closed", error: cause });
  assertEquals(await answers.closed, "connection");
  const iterator = answers[Symbol.asyncIterator]();
  assertEquals((await iterator.next()).value?.body, 1);
  const error = await assertRejects(() => iterator.next(), ConnectionError);
  assertEquals([error.reason, error.cause], ["closed", cause]);
  await assertRejects(() => bodiesOf(answers), ConnectionError);
});

Deno.test("Answers ends with `overflow` past 65 536 that wait, and tells the slow consumer", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const told: unknown[] = [];
  connection.feed.listen((event) => told.push(event));
  const answers = connection.request();
  for (let came = 0; came < 65_540; came++) connection.answer("1");
  assertEquals(connection.steps, GONE);
  assertEquals(await answers.closed, "overflow");
  assertEquals(told, [{ type: "slowConsumer", subject: "ask", dropped: 1 }]);
  assertEquals((await bodiesOf(answers)).length, 65_536);
});

Deno.test("Answers is bounded in bytes", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request();
  const data = new Uint8Array(16_777_216);
  const packet = { subject: INBOX, replyTo: "", data, headerBlock: undefined };
  for (let came = 0; came < 5; came++) connection.taker.take(packet);
  assertEquals(await answers.closed, "overflow");
});

Deno.test("Answers keeps nothing of the chunk that an answer came in", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ max: 1 });
  const chunk = new Uint8Array(262_144);
  const data = chunk.subarray(0, 3);
  connection.taker.take({ subject: INBOX, replyTo: "", data, headerBlock: undefined });
  for await (const answer of answers) assertEquals(answer.data.buffer.byteLength, 3);
});

Deno.test("Answers is left by break, close() and the end of a scope alike", async () => {
  using _time = new FakeTime();
  const ways: ((answers: Answers) => Promise<unknown>)[] = [
    async (answers) => {
      for await (const _ of answers) break;
    },
    (answers) => answers.close(),
    async (answers) => {
      await using _scope = answers;
    },
  ];
  for (const leave of ways) {
    const connection = new FakeConnection();
    const answers = connection.request();
    connection.answer("1");
    connection.answer("2");
    await leave(answers);
    assertEquals(await answers.closed, "cancelled");
    assertEquals(connection.steps, GONE);
    assertEquals(await bodiesOf(answers), []);
    await answers.close();
  }
});

Deno.test("Answers can be left while its next answer is waited for", async () => {
  using _time = new FakeTime();
  const iterator = new FakeConnection().request()[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  assertEquals(await waiting, { done: true, value: undefined });
});

Deno.test("Answers gives each answer to one loop, in order", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ max: 4 });
  const both = [bodiesOf(answers), bodiesOf(answers)];
  for (const body of ["1", "2", "3", "4"]) connection.answer(body);
  const [one, other] = await Promise.all(both);
  assertEquals([...one!, ...other!].sort(), [1, 2, 3, 4]);
  assertEquals(await bodiesOf(answers), []);
});

Deno.test("Answers gives a second loop what the first has left", async () => {
  using _time = new FakeTime();
  const connection = new FakeConnection();
  const answers = connection.request({ max: 3 });
  for (const body of ["1", "2", "3"]) connection.answer(body);
  assertEquals((await answers[Symbol.asyncIterator]().next()).value?.body, 1);
  assertEquals(await bodiesOf(answers), [2, 3]);
});
