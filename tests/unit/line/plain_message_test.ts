import { type Msg, type MsgHdrs, MsgHdrsImpl } from "@nats-io/transport-deno";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { PlainPacket } from "../../../src/line/plain_line.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message as the client makes it, which decodes its headers when they are asked for. */
function received(block: string, more: Partial<Msg> = {}): Msg {
  return {
    subject: "a",
    data: encoder.encode("body"),
    get headers(): MsgHdrs | undefined {
      return block === "" ? undefined : MsgHdrsImpl.decode(encoder.encode(block));
    },
    ...more,
  } as Msg;
}

function blockOf(message: Msg, unreadable = () => {}): string | undefined {
  const { headerBlock } = new PlainPacket(message, unreadable);
  return headerBlock && decoder.decode(headerBlock);
}

const BLOCKS = [
  "NATS/1.0\r\n\r\n",
  "NATS/1.0 503\r\n\r\n",
  "NATS/1.0 404 No such order\r\n\r\n",
  "NATS/1.0\r\na: 1\r\na: 2\r\nB: c: d\r\n\r\n",
  "NATS/1.0 408 Too late\r\na: ü\r\n\r\n",
];

Deno.test("PlainPacket.headerBlock is what the server has sent", () => {
  for (const block of BLOCKS) assertEquals(blockOf(received(block)), block);
  assertStrictEquals(blockOf(received("")), undefined);
});

Deno.test("PlainPacket tells once of headers that the client cannot read, and is taken without them", () => {
  for (const line of ["a b: 1", "ü: 1", "a: b\nc"]) {
    const causes: unknown[] = [];
    const message = received(`NATS/1.0\r\n${line}\r\nb: 2\r\n\r\n`);
    const packet = new PlainPacket(message, (cause) => causes.push(cause));
    for (let time = 0; time < 3; time++) assertStrictEquals(packet.headerBlock, undefined);
    assertStrictEquals(causes.length, 1, line);
    assertStrictEquals(packet.subject, "a");
  }
});

Deno.test("PlainPacket gives subject, reply address and body as they came", () => {
  const { subject, replyTo, data } = new PlainPacket(
    received(BLOCKS[0]!, { reply: "r" }),
    () => {},
  );
  assertEquals([subject, replyTo, decoder.decode(data)], ["a", "r", "body"]);
  assertStrictEquals(new PlainPacket(received(""), () => {}).replyTo, "");
});
