import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { TimeoutError } from "../../../src/errors.ts";
import { RequestInvocation } from "../../../src/subscriber/request_invocation.ts";
import { packet } from "./incoming.ts";
import type { Channel } from "../../../src/link/ends/channel.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";
import type { LinkContext } from "../../../src/link/ends/link_context.ts";

const addresses = new ReplyAddresses("_INBOX", undefined);
const NO_WAYS = { clock: platformClock, addresses } as LinkContext;

function exchange(
  headers?: string,
  { stopping = new AbortController().signal, replyTo = "_INBOX.a", arrived = performance.now() } =
    {},
): RequestInvocation {
  return new RequestInvocation(
    packet("12", headers, replyTo),
    { id: "1" },
    arrived,
    stopping,
    NO_WAYS,
  );
}

Deno.test("RequestInvocation makes a message of its packet, with what the pattern found", () => {
  const { message, replyTo } = exchange("a: b");
  assertEquals([message.body, message.params, message.headers.get("a")], [12, { id: "1" }, "b"]);
  assertEquals([replyTo, message.replyTo], ["_INBOX.a", "_INBOX.a"]);
});

Deno.test("RequestInvocation.correlationId is the sender's, else one and the same token", () => {
  assertStrictEquals(exchange("correlation_id: x").correlationId, "x");
  const none = exchange();
  assertMatch(none.correlationId, /^[0-9A-Za-z]{22}$/);
  assertStrictEquals(none.correlationId, none.correlationId);
  assertFalse(none.correlationId === exchange().correlationId);
  assertMatch(exchange("correlation_id: a\rb").correlationId, /^[0-9A-Za-z]{22}$/);
});

Deno.test("RequestInvocation.deadline counts from the arrival, and is far where the caller names none", () => {
  const deadlineOf = (headers?: string) => exchange(headers, { arrived: 1_000 }).deadline;
  assertStrictEquals(deadlineOf("Signalbox-Time-Left: 250"), 1_250);
  assertStrictEquals(deadlineOf("signalbox-time-left: 0"), 1_000);
  assertStrictEquals(deadlineOf(), Infinity);
});

Deno.test("RequestInvocation.deadline is far where the caller sends what is no time", () => {
  for (const wrong of ["soon", "-1", "NaN", "5s"]) {
    assertStrictEquals(exchange(`Signalbox-Time-Left: ${wrong}`).deadline, Infinity, wrong);
  }
});

Deno.test("RequestInvocation.claim() is for the first who asks, and again after reopen()", () => {
  const one = exchange();
  assertEquals([one.isOpen, one.claim(), one.claim(), one.isOpen], [true, true, false, false]);
  one.reopen();
  assertEquals([one.isOpen, one.claim(), one.claim()], [true, true, false]);
});

Deno.test("RequestInvocation.claim() is for nobody where no answer is wanted", () => {
  const one = exchange(undefined, { replyTo: "" });
  assertEquals([one.isOpen, one.claim()], [false, false]);
  one.reopen();
  assertEquals([one.isOpen, one.claim()], [false, false]);
});

Deno.test("RequestInvocation aborts its signal at the deadline, with the time the caller gave", () => {
  using time = new FakeTime();
  const { message } = exchange("Signalbox-Time-Left: 60000", { arrived: performance.now() });
  const { signal } = message;
  assertStrictEquals(message.signal, signal);
  assertFalse(signal.aborted);
  time.tick(60_000);
  assertInstanceOf(signal.reason, TimeoutError);
  assertEquals([signal.reason.timeout, signal.reason.subject], [60_000, "orders.1"]);
  assertStrictEquals(
    signal.reason.message,
    'Cannot answer "orders.1" as it must finish in time: 60000 ms have passed',
  );
});

Deno.test("RequestInvocation takes what is left of the time, where some has passed in the backlog", () => {
  using time = new FakeTime();
  const arrived = performance.now() - 4_900;
  const one = exchange("Signalbox-Time-Left: 5000", { arrived });
  const { signal } = one.message;
  assertStrictEquals(one.deadline, arrived + 5_000);
  time.tick(110);
  assertStrictEquals((signal.reason as TimeoutError).timeout, 5_000);
});

Deno.test("RequestInvocation aborts its signal when the broker stops, with the broker's reason", () => {
  const stopping = new AbortController();
  const [early, late] = [0, 1].map(() => exchange(undefined, { stopping: stopping.signal }));
  const { signal } = early!.message;
  const reason = new Error("stops");
  stopping.abort(reason);
  assertStrictEquals(signal.reason, reason);
  assertStrictEquals(late!.message.signal.reason, reason);
  early!.end();
  late!.end();
});

Deno.test("RequestInvocation.end() leaves neither a timer nor a listener, and its signal as it was", () => {
  using time = new FakeTime();
  const stopping = new AbortController();
  const one = exchange("Signalbox-Time-Left: 60000", { stopping: stopping.signal });
  const { signal } = one.message;
  one.end();
  time.tick(100_000);
  stopping.abort();
  assertFalse(signal.aborted);
});

Deno.test("RequestInvocation listens to nothing where nobody asks for the signal", () => {
  const stopping = new AbortController();
  const listened: string[] = [];
  stopping.signal.addEventListener = (type: string) => void listened.push(type);
  const one = exchange("Signalbox-Time-Left: 50", { stopping: stopping.signal });
  one.end();
  assertEquals(listened, []);
});

Deno.test("RequestInvocation.upgrade() leaves it to the link to abort the signal, whichever was asked for first", async () => {
  for (const isAskedBefore of [true, false]) {
    using time = new FakeTime();
    const one = exchange("Signalbox-Time-Left: 60000");
    const asked = isAskedBefore && one.signal();
    const closed = Promise.withResolvers<void>();
    const endpoint = { closed: closed.promise, expireAfter() {}, error: () => "ended" };
    one.upgrade(endpoint as unknown as Channel);
    const signal = asked || one.signal();
    await time.tickAsync(100_000);
    assertFalse(signal.aborted);
    closed.resolve();
    await closed.promise;
    await Promise.resolve();
    assertStrictEquals(signal.reason, "ended");
    one.end();
  }
});

Deno.test("RequestInvocation.upgrade() lets go of the chunk that its message lies in, as a link may last", () => {
  const chunk = new Uint8Array(100_000).fill(49);
  const read = { ...packet("", "a: b", "_INBOX.a"), data: chunk.subarray(500, 502) };
  const stopping = new AbortController().signal;
  const one = new RequestInvocation(read, {}, performance.now(), stopping, NO_WAYS);
  assertStrictEquals(one.message.data.buffer, chunk.buffer);
  const endpoint = { closed: new Promise(() => {}), expireAfter() {} };
  one.upgrade(endpoint as unknown as Channel);
  assertStrictEquals(one.message.data.buffer.byteLength, 2);
  assertEquals([one.message.body, one.message.headers.get("a")], [11, "b"]);
});
