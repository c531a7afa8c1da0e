import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionError } from "../../../src/errors.ts";
import type { RawMessage } from "../../../src/message/raw_message.ts";
import { ServerStreamParser } from "../../../src/wire/server_stream.ts";
import { pick, printable, seeded } from "../seeded_random.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Taken = readonly [
  sid: number,
  subject: string,
  replyTo: string,
  headers: string,
  body: string,
];

/** A reader with somebody for every subscription but 404, and all that it hands on and tells. */
function reader(state = 0) {
  const taken: Taken[] = [];
  const control: string[] = [];
  const failures: Error[] = [];
  const dropped: string[] = [];
  const client = { state, parse: (piece: Uint8Array) => void control.push(decoder.decode(piece)) };
  const of = (sid: number) => ({
    take(packet: RawMessage) {
      const { subject, replyTo, headerBlock, data } = packet;
      const headers = headerBlock ? decoder.decode(headerBlock) : "";
      taken.push([sid, subject, replyTo, headers, decoder.decode(data)]);
    },
  });
  const parser = new ServerStreamParser(client, {
    recipient: (sid) => sid === 404 ? undefined : of(sid),
    invalidReplyAddress: ({ replyTo }) => void dropped.push(replyTo),
    failed: (error) => failures.push(error),
  });
  const parse = (text: string) => parser.parse(encoder.encode(text));
  return { parser, parse, taken, control, failures, dropped };
}

Deno.test("ServerStreamParser hands each message to whoever its subscription is for", () => {
  const { parse, taken, control } = reader();
  parse("MSG a.b 1 2\r\nhi\r\nMSG c 22 back.to 0\r\n\r\n");
  parse("HMSG d 3 12 14\r\nNATS/1.0\r\n\r\nyo\r\nHMSG e 4 r.1 12 12\r\nNATS/1.0\r\n\r\n\r\n");
  assertEquals(taken, [
    [1, "a.b", "", "", "hi"],
    [22, "c", "back.to", "", ""],
    [3, "d", "", "NATS/1.0\r\n\r\n", "yo"],
    [4, "e", "r.1", "NATS/1.0\r\n\r\n", ""],
  ]);
  assertEquals(control, []);
});

Deno.test("ServerStreamParser leaves a message for a subscription that is not ours to the client's parser, cut anywhere", () => {
  const foreign = "HMSG a 404 x.> 12 17\r\nNATS/1.0\r\n\r\nMSG a\r\n";
  const text = `MSG b 1 1\r\n1\r\n${foreign}MSG b 1 1\r\n!\r\n`;
  for (let cut = 0; cut <= text.length; cut++) {
    const { parse, taken, control, dropped } = reader();
    parse(text.slice(0, cut));
    parse(text.slice(cut));
    assertEquals(taken, [[1, "b", "", "", "1"], [1, "b", "", "", "!"]]);
    assertEquals([control.join(""), dropped], [foreign, []]);
  }
});

Deno.test("ServerStreamParser.parse() says whether anybody has a view of the piece", () => {
  const { parse } = reader();
  const body = "x".repeat(100);
  assertEquals(parse("MSG a 1 1\r\n1\r\n"), true);
  assertEquals([parse(`MSG a 1 100\r\n${body.slice(0, 40)}`), parse(body.slice(40, 60))], [
    false,
    false,
  ]);
  assertEquals(parse(`${body.slice(60)}\r\n`), false);
  assertEquals([parse(`MSG a 1 100\r\n${body}`), parse("\r\nMSG a 1 0\r\n\r\n")], [false, true]);
  assertEquals(parse("PING\r\n"), true);
});

Deno.test("ServerStreamParser decodes a subject that is not ASCII", () => {
  const { parse, taken } = reader();
  parse("MSG größe.日本 7 zurück.ü 3\r\nabc\r\n");
  assertEquals(taken, [[7, "größe.日本", "zurück.ü", "", "abc"]]);
});

Deno.test("ServerStreamParser leaves all that is no message to the client, line by line", () => {
  const { parse, taken, control } = reader();
  parse("PING\r\nMSG a 1 1\r\nx\r\nPONG\r\n+OK\r\n-ERR 'MSG'\r\nINFO {");
  parse('"MSG":1}\r\nMSG b 2 0\r\n\r\n');
  assertEquals(taken.map(([, subject]) => subject), ["a", "b"]);
  assertEquals(control, [
    "PING\r\n",
    "PONG\r\n",
    "+OK\r\n",
    "-ERR 'MSG'\r\n",
    "INFO {",
    '"MSG":1}\r\n',
  ]);
});

Deno.test("ServerStreamParser has the client finish the line that it is in", () => {
  const { parse, taken, control } = reader(9);
  parse("MSG is no message here\r\nMSG a 1 0\r\n\r\n");
  assertEquals(control, ["MSG is no message here\r\n"]);
  assertEquals(taken.length, 1);
});

Deno.test("ServerStreamParser reads the same wherever the pieces are cut", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const expected: Taken[] = [];
    const control: string[] = [];
    let wire = "";
    for (let count = 1 + random(12); count > 0; count--) {
      if (random(4) === 0) {
        const line = pick(random, ["PING\r\n", "PONG\r\n", "+OK\r\n", "INFO {}\r\n"]);
        control.push(line);
        wire += line;
        continue;
      }
      const sid = 1 + random(300);
      const subject = printable(random, 1 + random(20));
      const replyTo = random(2) ? `r${printable(random, random(20)).replace(/[.*>]/g, "-")}` : "";
      const headers = random(2) ? `NATS/1.0\r\n${printable(random, random(9))}\r\n\r\n` : "";
      const body = pick(random, ["", "\r\n", "MSG a 1 0\r\n\r\n", printable(random, random(200))]);
      const addresses = [subject, sid, replyTo].filter((word) => word !== "").join(" ");
      const size = headers.length + body.length;
      wire += headers
        ? `HMSG ${addresses} ${headers.length} ${size}\r\n${headers}${body}\r\n`
        : `MSG ${addresses} ${size}\r\n${body}\r\n`;
      if (sid !== 404) expected.push([sid, subject, replyTo, headers, body]);
    }
    const { parser, taken, control: passed } = reader();
    const bytes = encoder.encode(wire);
    const longest = 1 + random(60);
    for (let at = 0; at < bytes.length;) {
      const length = 1 + random(longest);
      parser.parse(bytes.slice(at, at += length));
    }
    assertEquals(taken, expected, `seed ${seed}`);
    assertStrictEquals(passed.join(""), control.join(""), `seed ${seed}`);
  }
});

Deno.test("ServerStreamParser reads an operation in any case", () => {
  const { parse, taken } = reader();
  parse("msg a 1 0\r\n\r\nhMsG b 2 12 12\r\nNATS/1.0\r\n\r\n\r\n");
  assertEquals(taken.map(([sid]) => sid), [1, 2]);
});

Deno.test("ServerStreamParser takes numbers of subscriptions as long as they are exact", () => {
  const { parse, taken, failures } = reader();
  parse("MSG a 123456789012345 1\r\nx\r\n");
  assertEquals([taken, failures], [[[123_456_789_012_345, "a", "", "", "x"]], []]);
});

Deno.test("ServerStreamParser puts a large message together, whatever its pieces", () => {
  const { parser, taken } = reader();
  const size = 4_000_000;
  parser.parse(encoder.encode(`MSG a 1 ${size}\r\n`));
  const body = new Uint8Array(size).fill(120);
  for (let at = 0; at < size; at += 50_000) parser.parse(body.subarray(at, at + 50_000));
  assertEquals(taken, []);
  parser.parse(encoder.encode("\r"));
  parser.parse(encoder.encode("\n"));
  const [[, , , , text]] = taken as [Taken];
  assert(text.length === size && /^x+$/.test(text));
});

Deno.test("ServerStreamParser puts a long line together, byte by byte if need be", () => {
  const { parser, taken } = reader();
  const subject = "a".repeat(100_000);
  const bytes = encoder.encode(`MSG ${subject} 1 1\r\nx\r\nMSG b 2 0\r\n\r\n`);
  for (let at = 0; at < bytes.length; at++) parser.parse(bytes.subarray(at, at + 1));
  assertEquals(taken.map(([sid, { length }]) => [sid, length]), [[1, 100_000], [2, 1]]);
});

const UNREADABLE = [
  "MSG a 1\r\n",
  "MSG a b c d 1\r\n\r\n",
  "HMSG a 1 2\r\nab\r\n",
  "HMSG a 1 b c 2 2\r\nab\r\n",
  "HMSG a 1 3 2\r\nab\r\n",
  "MSG a x 2\r\nab\r\n",
  "MSG a 1234567890123456 2\r\nab\r\n",
  "MSG a 1 -2\r\nab\r\n",
  "MSG a 1 2\nab\r\n",
  "MSG a 1 2\r\nabc\r\n",
  "MSG a 1 67108865\r\n",
  "MSG a 1 999999999\r\n",
  "MAG a 1 2\r\nab\r\n",
  "HMSX a 1 2 2\r\nab\r\n",
  `MSG ${"a".repeat(1_048_577)}`,
];

Deno.test("ServerStreamParser tells once of what no server sends, and reads nothing behind it", () => {
  for (const text of UNREADABLE) {
    const { parse, taken, control, failures } = reader();
    parse(text);
    assertStrictEquals(failures.length, 1, text.slice(0, 40));
    parse("MSG a 1 0\r\n\r\nPING\r\n");
    assertEquals([taken, control, failures.length], [[], [], 1], text.slice(0, 40));
    const [failure] = failures;
    assertInstanceOf(failure, ConnectionError);
    assert(
      failure.message.startsWith(
        "Cannot read from the server as the server must send whole messages: ",
      ),
    );
    assertStrictEquals(failure.reason, "interrupted");
  }
});

Deno.test("ServerStreamParser drops a message that no answer could be sent to, and nothing else", () => {
  const { parser, parse, taken, dropped, failures } = reader();
  const odd = ["a.\x01", "\0", "a\tb", "a.\x7f", "a..b", ".a", "a.", "a.*", ">", "a.>"];
  for (const replyTo of odd) parse(`MSG s 1 ${replyTo} 2\r\nhi\r\n`);
  const bytes = (...parts: number[]) => parser.parse(new Uint8Array(parts));
  parse("MSG s 1 a.");
  bytes(0xff);
  parse(" 2\r\nhi\r\n");
  assertEquals(dropped, [...odd, "a.\ufffd"]);
  assertEquals(taken, []);
  const usable = ["a", "_INBOX.a.b", "$JS.ACK.a", "\u00e9.\u2603", "a-b_c"];
  for (const replyTo of usable) parse(`MSG s 1 ${replyTo} 2\r\nhi\r\n`);
  assertEquals(taken.map(([, , replyTo]) => replyTo), usable);
  assertEquals(failures, []);
});

Deno.test("ServerStreamParser shows how a line without an end begins", () => {
  const { parse, failures } = reader();
  parse(`MSG ${"a".repeat(2_000_000)}`);
  assert(failures[0]?.message.endsWith(`"MSG ${"a".repeat(196)}"`));
});

Deno.test("ServerStreamParser tells of what the client cannot parse", () => {
  const failures: Error[] = [];
  const junk = new Error("junk");
  const parse = () => {
    throw junk;
  };
  const recipients = {
    recipient: () => undefined,
    invalidReplyAddress: () => {},
    failed: (error: Error) => failures.push(error),
  };
  const parser = new ServerStreamParser({ state: 0, parse }, recipients);
  parser.parse(encoder.encode("XYZ\r\n"));
  parser.parse(encoder.encode("XYZ\r\n"));
  assertEquals(failures, [junk]);
});
