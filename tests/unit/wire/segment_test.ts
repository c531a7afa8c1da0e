import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidSubjectError } from "../../../src/errors.ts";
import type { EncodedMessage } from "../../../src/message/encoded_message.ts";
import { seeded } from "../seeded_random.ts";
import { roomOf, Segment } from "../../../src/wire/segment.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function message(
  subject: string,
  body: string,
  more: Partial<EncodedMessage> = {},
): EncodedMessage {
  return { subject, replyTo: "", data: encoder.encode(body), headerBlock: undefined, ...more };
}

function wireOf(...messages: readonly EncodedMessage[]): string {
  const segment = new Segment();
  for (const each of messages) segment.addMessage(each);
  return decoder.decode(segment.bytes);
}

const headerBlock = encoder.encode("NATS/1.0\r\na: b\r\n\r\n");

Deno.test("Segment.addMessage() writes PUB and HPUB as NATS reads them", () => {
  assertStrictEquals(wireOf(message("a.b", "hello")), "PUB a.b 5\r\nhello\r\n");
  assertStrictEquals(wireOf(message("a", "")), "PUB a 0\r\n\r\n");
  assertStrictEquals(wireOf(message("a", "x", { replyTo: "r.1" })), "PUB a r.1 1\r\nx\r\n");
  const block = decoder.decode(headerBlock);
  assertStrictEquals(
    wireOf(
      message("a", "hello", { headerBlock }),
      message("b", "y", { replyTo: "r", headerBlock }),
    ),
    `HPUB a 18 23\r\n${block}hello\r\nHPUB b r 18 19\r\n${block}y\r\n`,
  );
});

Deno.test("Segment.addMessage() writes sizes of any number of digits", () => {
  for (const size of [0, 9, 10, 99, 100, 999, 1_000, 12_345, 60_000]) {
    const wire = wireOf(message("a", "x".repeat(size)));
    assertStrictEquals(wire, `PUB a ${size}\r\n${"x".repeat(size)}\r\n`);
  }
});

Deno.test("Segment.addMessage() writes subjects beyond ASCII as UTF-8", () => {
  assertStrictEquals(wireOf(message("é.☃.𝄞", "x", { replyTo: "ö" })), "PUB é.☃.𝄞 ö 1\r\nx\r\n");
});

Deno.test("Segment.addMessage() refuses what would break its line apart, and keeps what it has", () => {
  const segment = new Segment();
  segment.addMessage(message("a", "1"));
  for (const wrong of ["b c", "b\r\nPUB c 0", "b\t", "\0", "b\x7f", "é b", "é\nb"]) {
    assertThrows(() => segment.addMessage(message(wrong, "2")), InvalidSubjectError);
    const replyTo = wrong;
    assertThrows(() => segment.addMessage(message("b", "2", { replyTo })), InvalidSubjectError);
  }
  assertStrictEquals(decoder.decode(segment.bytes), "PUB a 1\r\n1\r\n");
  assertStrictEquals(segment.unconfirmed, 1);
});

Deno.test("Segment.unconfirmed counts what nobody would notice if it was lost", () => {
  const segment = new Segment();
  for (const more of [{}, { isAwaited: true }, { dropOnDisconnect: true }, {}]) {
    segment.addMessage(message("a", "x", more));
  }
  assertStrictEquals(segment.unconfirmed, 2);
  assertStrictEquals(segment.unsent().length, 3);
  segment.clear();
  assertEquals([segment.unconfirmed, segment.unsent()], [0, []]);
});

Deno.test("roomOf() is never less than what a message takes", () => {
  for (const more of [{}, { replyTo: "☃".repeat(50) }, { headerBlock }]) {
    const given = message("é".repeat(40), "x".repeat(9_999), more);
    const segment = new Segment();
    segment.addMessage(given);
    assertStrictEquals(segment.length <= roomOf(given), true);
  }
});

Deno.test("Segment takes as much as it was made for, and says what fits", () => {
  const large = message("a", "x".repeat(300_000));
  assertStrictEquals(new Segment().fits(roomOf(large)), false);
  const segment = new Segment(roomOf(large));
  assertEquals([segment.fits(roomOf(large)), segment.size], [true, roomOf(large)]);
  segment.addMessage(large);
  assertEquals([segment.fits(roomOf(large)), segment.bytes.length], [false, segment.length]);
});

Deno.test("Segment.unsent() gives the bodies as they were when they were given", () => {
  const segment = new Segment();
  const [first, second] = [message("a", "one"), message("b", "two", { headerBlock })];
  segment.addMessage(first);
  segment.addCommand(encoder.encode("PING\r\n"));
  segment.addMessage(second);
  first.data.fill(0);
  const unsent = segment.unsent();
  segment.clear();
  segment.addMessage(message("c", "overwritten"));
  assertEquals(unsent.map(({ data }) => decoder.decode(data)), ["one", "two"]);
  assertStrictEquals(unsent[0]!.outgoing, first);
  segment.addMessage(message("d", "once", { dropOnDisconnect: true }));
  assertEquals(segment.unsent().length, 1);
});

Deno.test("Segment.thin() takes out what was forgotten, wherever it stands, and leaves the rest as it was", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const [segment, expected] = [new Segment(), new Segment()];
    const parts: (EncodedMessage | Uint8Array)[] = [];
    for (let count = random(12); count > 0; count--) {
      const isAwaited = random(2) === 0;
      const command = encoder.encode(`SUB a ${count}\r\n`);
      parts.push(
        random(4) === 0 ? command : message(`s.${count}`, "x".repeat(random(30)), { isAwaited }),
      );
    }
    const add = (segment: Segment, each: EncodedMessage | Uint8Array) =>
      each instanceof Uint8Array ? segment.addCommand(each) : segment.addMessage(each);
    for (const each of parts) add(segment, each);
    const { unconfirmed } = segment;
    for (const each of parts) {
      if (!(each instanceof Uint8Array) && random(2)) each.dropOnDisconnect = true;
    }
    const kept = parts.filter((each) => each instanceof Uint8Array || !each.dropOnDisconnect);
    for (const each of kept) add(expected, each);
    const removed = segment.thin();
    assertStrictEquals(decoder.decode(segment.bytes), decoder.decode(expected.bytes));
    assertEquals(segment.unsent(), expected.unsent());
    assertEquals([segment.unconfirmed, segment.count], [expected.unconfirmed, expected.count]);
    assertStrictEquals(unconfirmed - removed, segment.unconfirmed);
    for (const each of parts) {
      if (!(each instanceof Uint8Array)) assertStrictEquals(segment.has(each), kept.includes(each));
    }
  }
});
