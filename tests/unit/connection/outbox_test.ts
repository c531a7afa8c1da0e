import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { platformClock } from "../../../src/clock.ts";
import { Outbox } from "../../../src/connection/outbox.ts";
import { OutboxFullError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { type EncodedMessage, encodeMessage } from "../../../src/message/encoded_message.ts";

/** What an entry costs beyond its bytes. */
const ENTRY = 64;

function message(subject: string, size = 0): EncodedMessage {
  return { subject, replyTo: "", data: new Uint8Array(size), headerBlock: undefined };
}

/** Has a message held, and gives it to be taken back. */
function held(outbox: Outbox, subject: string): EncodedMessage {
  const outgoing = message(subject);
  outbox.hold(outgoing);
  return outgoing;
}

/** Takes everything out, and gives the subjects. */
function released(outbox: Outbox): string[] {
  const subjects: string[] = [];
  outbox.sendAll(({ subject }) => subjects.push(subject) > 0);
  return subjects;
}

Deno.test("Outbox.sendAll() hands over in the order of hold()", () => {
  const outbox = new Outbox(platformClock, 10_000);
  const subjects = Array.from({ length: 50 }, (_, at) => `s${at}`);
  for (const subject of subjects) outbox.hold(message(subject));
  assertStrictEquals(outbox.count, 50);
  assertEquals(released(outbox), subjects);
  assertEquals([outbox.count, released(outbox)], [0, []]);
});

Deno.test("Outbox.sendAll() keeps the rest in order once send does not take one", () => {
  const outbox = new Outbox(platformClock, 10_000);
  for (const subject of ["a", "b", "c"]) outbox.hold(message(subject));
  const offered: string[] = [];
  outbox.sendAll(({ subject }) => offered.push(subject) < 2);
  assertEquals([offered, outbox.count], [["a", "b"], 2]);
  outbox.hold(message("d"));
  assertEquals(released(outbox), ["b", "c", "d"]);
});

Deno.test("Outbox.sendAll() hands over the whole message", () => {
  const outbox = new Outbox(platformClock, 10_000);
  const given = {
    subject: "a",
    replyTo: "r",
    data: new Uint8Array([1]),
    headerBlock: new Uint8Array([2]),
  };
  outbox.hold(given);
  outbox.sendAll((outgoing) => {
    assertEquals(outgoing, given);
    return true;
  });
});

Deno.test("Outbox.hold() copies the bytes, so that the caller may go on to write into them", () => {
  const outbox = new Outbox(platformClock, 10_000);
  const data = new Uint8Array([1, 2, 3]);
  outbox.hold({ ...message("a"), data });
  data.fill(9);
  outbox.sendAll((outgoing) => {
    assertEquals(outgoing.data, new Uint8Array([1, 2, 3]));
    return true;
  });
});

Deno.test("Outbox.hold() counts bytes, subject, reply address, headers and the entry", () => {
  const size = "subject".length + "reply".length + 100 + 20 + ENTRY;
  const outgoing = {
    subject: "subject",
    replyTo: "reply",
    data: new Uint8Array(100),
    headerBlock: new Uint8Array(20),
  };
  new Outbox(platformClock, size).hold(outgoing);
  assertThrows(() => new Outbox(platformClock, size - 1).hold(outgoing), OutboxFullError);
});

Deno.test("Outbox.hold() counts the bytes of addresses, not their characters", () => {
  const outgoing = { ...message("é水😀"), replyTo: "ü" };
  const size = 2 + 3 + 4 + 2 + outgoing.data.length + ENTRY;
  new Outbox(platformClock, size).hold(outgoing);
  assertThrows(() => new Outbox(platformClock, size - 1).hold(outgoing), OutboxFullError);
});

Deno.test("Outbox.hold() refuses what is past the bound, and keeps what it has", () => {
  const outbox = new Outbox(platformClock, 2 * (1 + 10 + ENTRY));
  outbox.hold(message("a", 10));
  outbox.hold(message("b", 10));
  const error = assertThrows(() => outbox.hold(message("c")), OutboxFullError);
  assertEquals([error.held, error.limit], [150, 150]);
  assertStrictEquals(
    error.message,
    `Cannot hold a message for "c" as the outbox must stay within 150 bytes while disconnected: ` +
      `150 are held`,
  );
  assertEquals(released(outbox), ["a", "b"]);
});

Deno.test("Outbox.hold() bounds empty messages too", () => {
  const outbox = new Outbox(platformClock, 1_000);
  assertThrows(() => {
    for (;;) outbox.hold(message("a"));
  }, OutboxFullError);
  assertStrictEquals(outbox.count, Math.floor(1_000 / (1 + ENTRY)));
});

Deno.test("Outbox.hold() takes a smaller message where a larger one did not fit", () => {
  const outbox = new Outbox(platformClock, 200);
  outbox.hold(message("a", 50));
  assertThrows(() => outbox.hold(message("b", 50)), OutboxFullError);
  outbox.hold(message("c"));
  assertEquals(released(outbox), ["a", "c"]);
});

Deno.test("Outbox.hold() holds nothing where the bound is 0", () => {
  assertThrows(() => new Outbox(platformClock, 0).hold(message("a")), OutboxFullError);
});

Deno.test("Outbox has room again for whatever was released, withdrawn or cleared", () => {
  const outbox = new Outbox(platformClock, 1 + ENTRY);
  for (let time = 0; time < 3; time++) {
    outbox.hold(message("a"));
    assertEquals(released(outbox), ["a"]);
    outbox.cancel(held(outbox, "b"));
    outbox.hold(message("c"));
    assertStrictEquals(outbox.clear(), 1);
  }
});

Deno.test("Outbox.cancel() takes back that one message", () => {
  const outbox = new Outbox(platformClock, 10_000);
  outbox.hold(message("a"));
  const second = held(outbox, "b");
  outbox.hold(message("c"));
  outbox.cancel(second);
  assertEquals(released(outbox), ["a", "c"]);
});

Deno.test("Outbox.cancel() does nothing a second time, nor once the message is gone", () => {
  const outbox = new Outbox(platformClock, 2 * (1 + ENTRY));
  const [first, second] = [held(outbox, "a"), held(outbox, "b")];
  outbox.cancel(first);
  outbox.cancel(first);
  assertEquals(released(outbox), ["b"]);
  outbox.cancel(second);
  const third = held(outbox, "c");
  outbox.clear();
  outbox.cancel(third);
  outbox.hold(message("d"));
  outbox.hold(message("e"));
  assertThrows(() => outbox.hold(message("f")), OutboxFullError);
});

Deno.test("Outbox.restore() holds what was accepted, past the bound, unless its sender has given up", () => {
  const outbox = new Outbox(platformClock, 0);
  const data = new Uint8Array([7]);
  outbox.restore({ outgoing: { ...message("a"), data: new Uint8Array([9]) }, data });
  outbox.restore({ outgoing: { ...message("b"), dropOnDisconnect: true }, data });
  outbox.restore({ outgoing: message("c"), data });
  assertThrows(() => outbox.hold(message("d")), OutboxFullError);
  const seen: unknown[] = [];
  outbox.sendAll(({ subject, data }) => seen.push([subject, data[0]]) > 0);
  assertEquals(seen, [["a", 7], ["c", 7]]);
});

Deno.test("Outbox.cancel() takes back what was sent, taken back from the socket and held again", () => {
  const outbox = new Outbox(platformClock, 10_000);
  const request = encodeMessage("a", "x", { correlationId: "id", timeLeft: 2_000 }, true);
  outbox.hold(request);
  const sent: EncodedMessage[] = [];
  outbox.sendAll((outgoing) => sent.push(outgoing) > 0);
  outbox.restore({ outgoing: sent[0]!, data: sent[0]!.data });
  outbox.cancel(request);
  assertEquals([outbox.count, released(outbox)], [0, []]);
});

Deno.test("Outbox.clear() forgets everything and says how many", () => {
  const outbox = new Outbox(platformClock, 10_000);
  for (const subject of ["a", "b", "c"]) outbox.hold(message(subject));
  assertEquals([outbox.clear(), outbox.count, outbox.clear()], [3, 0, 0]);
  assertEquals(released(outbox), []);
});

Deno.test("Outbox.sendAll() counts a message once that is withdrawn while it is sent", () => {
  const outbox = new Outbox(platformClock, 1 + ENTRY);
  const only = held(outbox, "a");
  outbox.sendAll(() => {
    outbox.cancel(only);
    return true;
  });
  outbox.hold(message("b"));
  assertThrows(() => outbox.hold(message("c")), OutboxFullError);
});

Deno.test("Outbox.sendAll() tells the time that a request has left by then", () => {
  let now = 0;
  using _now = stub(performance, "now", () => now);
  const outbox = new Outbox(platformClock, 10_000);
  const envelope = { correlationId: "id", timeLeft: 2_000 };
  outbox.hold(encodeMessage("a", "x", envelope, true));
  const told: (string | undefined)[] = [];
  const tell = (outgoing: EncodedMessage) => {
    told.push(new ReceivedMessage(outgoing).headers.get("signalbox-time-left"));
    return told.length > 1;
  };
  now += 500;
  outbox.sendAll(tell);
  now += 1_000;
  outbox.sendAll(tell);
  assertEquals(told, ["1500", "500"]);
  // and the bound is kept by what was taken in
  const limited = new Outbox(platformClock, ENTRY + 200);
  for (let round = 0; round < 50; round++) {
    limited.hold(encodeMessage("a", "x", envelope, true));
    now += 1_999;
    assertEquals(released(limited), ["a"]);
  }
});

Deno.test("Outbox.whenEmpty() resolves once all is sent, taken back or forgotten", async () => {
  const outbox = new Outbox(platformClock, 10_000);
  await outbox.whenEmpty();
  const ends = [
    () => released(outbox),
    (given: readonly EncodedMessage[]) => given.forEach((one) => outbox.cancel(one)),
    () => outbox.clear(),
  ];
  for (const end of ends) {
    const given = ["a", "b"].map((subject) => held(outbox, subject));
    let isEmpty = false;
    const emptied = outbox.whenEmpty().then(() => isEmpty = true);
    await Promise.resolve();
    assertStrictEquals(isEmpty, false);
    end(given);
    await emptied;
  }
});
