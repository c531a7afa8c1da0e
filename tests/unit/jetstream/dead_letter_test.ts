import { assertEquals } from "@std/assert";
import { MessageHeaders } from "../../../src/door/mod.ts";
import { encodeFields } from "../../../src/message/headers.ts";
import {
  deadFilter,
  deadHeaders,
  type DeadLetter,
  deadSubject,
  readDeadLetter,
  replayFilter,
  replaySubject,
} from "../../../src/jetstream/dead/dead_letter.ts";

const letter: DeadLetter = {
  stream: "ORDERS",
  consumer: "billing",
  seq: 17,
  time: Date.UTC(2026, 0, 31, 12),
  subject: "orders.7.placed",
  attempts: 5,
  reason: "unfit",
  error: "no\ntotal",
  issues: [{ message: "must be a number", path: ["total"] }],
  stack: "Error: no\n  at here",
};

function sent(fields: ReturnType<typeof deadHeaders>): MessageHeaders {
  return MessageHeaders.parse(encodeFields(fields)!);
}

Deno.test("deadHeaders() keeps the message's headers but those of one hop, and readDeadLetter() reads ours", () => {
  const received = MessageHeaders.parse(
    new TextEncoder().encode(
      "NATS/1.0\r\ncontent-type: text/plain\r\nNats-Msg-Id: 1\r\nX-Shop: a\r\nsignalbox-dead-seq: 3\r\n\r\n",
    ),
  );
  const headers = sent(deadHeaders(received, letter));
  assertEquals(headers.get("content-type"), "text/plain");
  assertEquals([headers.get("x-shop"), headers.get("nats-msg-id")], ["a", undefined]);
  assertEquals(headers.values("signalbox-dead-seq"), ["17"]);
  assertEquals(readDeadLetter(headers), { ...letter, error: "no\\x0atotal" });
});

Deno.test("deadHeaders() cuts what an error can make long, and the rest is still read", () => {
  const issues = Array.from({ length: 1_000 }, (_, at) => ({ message: `no ${at}`, path: ["a"] }));
  const long = { ...letter, error: "x".repeat(100_000), stack: "y".repeat(100_000), issues };
  const fields = deadHeaders(MessageHeaders.from({}), long);
  const read = readDeadLetter(sent(fields))!;
  assertEquals([read.error.length < 1_100, read.stack?.length, read.issues![0]], [
    true,
    8_192,
    { message: "no 0", path: ["a"] },
  ]);
});

Deno.test("readDeadLetter() takes no message that is no dead letter", () => {
  const fields = Object.fromEntries(
    deadHeaders(MessageHeaders.from({}), letter) as [string, string][],
  );
  const read = (change: object) => readDeadLetter(MessageHeaders.from({ ...fields, ...change }));
  assertEquals(read({ "Signalbox-Dead-Seq": "-1" }), undefined);
  assertEquals(read({ "Signalbox-Dead-Time": "yesterday" }), undefined);
  assertEquals(read({ "Signalbox-Dead-Reason": "bored" }), undefined);
  assertEquals(read({ "Signalbox-Dead-Issues": "{" })?.issues, undefined);
  assertEquals(read({ "Signalbox-Dead-Issues": '[{"message":1}]' })?.issues, undefined);
  assertEquals(readDeadLetter(MessageHeaders.from({})), undefined);
});

Deno.test("deadSubject() has one subject for each origin, and replaySubject() one for each death", () => {
  const subject = deadSubject("ORDERS_DEAD", letter);
  assertEquals(subject, "ORDERS_DEAD.ORDERS.billing.17-1769860800000");
  assertEquals(deadFilter("ORDERS_DEAD", "ORDERS"), "ORDERS_DEAD.ORDERS.*.*");
  assertEquals(replaySubject(subject, 4), `${subject}.again.4`);
  assertEquals(replayFilter("D", "S", "c"), "D.S.c.*.again.*");
});
