import { assertEquals } from "@std/assert";
import { Parser } from "../../src/testing/server/parser.ts";
import type { ProtocolHandler, PublishLine } from "../../src/testing/server/protocol.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class Recorder implements ProtocolHandler {
  readonly heard: string[] = [];
  parser: Parser | undefined;

  connect(json: Uint8Array): void {
    this.heard.push(`connect ${decoder.decode(json)}`);
  }
  ping(): void {
    this.heard.push("ping");
  }
  pong(): void {
    this.heard.push("pong");
  }
  subscribe(subject: string, queue: string | undefined, sid: string): void {
    this.heard.push(`sub ${subject} ${queue ?? "-"} ${sid}`);
  }
  unsubscribe(sid: string, max: number): void {
    this.heard.push(`unsub ${sid} ${max}`);
  }
  announce(): boolean {
    return true;
  }
  publish({ subject, reply, headerSize }: PublishLine, payload: Uint8Array): void {
    this.heard.push(`pub ${subject} ${reply || "-"} ${headerSize} ${decoder.decode(payload)}`);
  }
  unknownOperation(): void {
    this.#stop("unknown");
  }
  controlLineTooLong(): void {
    this.#stop("too long");
  }
  malformed(): void {
    this.#stop("malformed");
  }
  #stop(reason: string): void {
    this.heard.push(reason);
    this.parser?.stop();
  }
}

function parse(...chunks: readonly (string | Uint8Array)[]): string[] {
  const recorder = new Recorder();
  const parser = new Parser(recorder, 4096);
  recorder.parser = parser;
  for (const chunk of chunks) {
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk.slice();
    parser.parse(bytes);
    // What it kept a view of would show now.
    bytes.fill(0x21);
  }
  return recorder.heard;
}

const STREAM = encoder.encode(
  'CONNECT {"verbose":false,"name":"é"}\r\nPING\r\nSUB a.b 1\r\nSUB  a.*\tworkers  2\r\n' +
    "PUB a.b 5\r\nhe\r\no\r\nPUB a.b reply.to 0\r\n\r\nHPUB a.b r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" +
    "UNSUB 1\r\nunsub 2 10\r\n+OK\r\nINFO {}\r\nPONG\r\npub a 1\nx\r\nPING\r\n",
);
const HEARD = [
  'connect {"verbose":false,"name":"é"}',
  "ping",
  "sub a.b - 1",
  "sub a.* workers 2",
  "pub a.b - -1 he\r\no",
  "pub a.b reply.to -1 ",
  "pub a.b r 12 NATS/1.0\r\n\r\nhi",
  "unsub 1 -1",
  "unsub 2 10",
  "pong",
  "pub a - -1 x",
  "ping",
];

Deno.test("Parser reads every operation of a client", () => {
  assertEquals(parse(STREAM), HEARD);
});

Deno.test("Parser reads the same wherever a stream is split in two", () => {
  for (let at = 0; at <= STREAM.length; at++) {
    assertEquals(parse(STREAM.subarray(0, at), STREAM.subarray(at)), HEARD, `split at ${at}`);
  }
});

Deno.test("Parser reads the same in chunks of any size", () => {
  for (let size = 1; size <= 40; size++) {
    const chunks = [];
    for (let at = 0; at < STREAM.length; at += size) chunks.push(STREAM.subarray(at, at + size));
    assertEquals(parse(...chunks), HEARD, `chunks of ${size}`);
  }
});

Deno.test("Parser keeps subjects that are not UTF-8 as they are", () => {
  const bytes = Uint8Array.from("SUB \xff\xfe.\x80 1\r\n", (c) => c.charCodeAt(0));
  assertEquals(parse(bytes), ["sub \xff\xfe.\x80 - 1"]);
});

Deno.test("Parser tells an unknown operation without waiting for the end of the line", () => {
  for (const text of ["X", "GET / HTTP/1.1\r\n", "PUX", "\r\n", "\x16\x03\x01", "MSG a 1 1\r\n"]) {
    assertEquals(parse(text), ["unknown"], JSON.stringify(text));
  }
});

Deno.test("Parser refuses operations of routes, gateways and leaf nodes", () => {
  for (const text of ["RS+ a\r\n", "LS+ a\r\n", "A+ a\r\n", "RMSG\r\n", "HMSG a 1 1 1\r\n"]) {
    assertEquals(parse(text), ["unknown"], text);
  }
});

Deno.test("Parser refuses a name that goes on", () => {
  assertEquals(parse("SUBX a 1\r\n"), ["unknown"]);
  assertEquals(parse("PUBa 1\r\n"), ["unknown"]);
});

Deno.test("Parser refuses arguments that make no sense", () => {
  const lines = [
    "PUB a\r\n",
    "PUB a -1\r\n",
    "PUB a 1x\r\n",
    "PUB a 9999999999\r\n",
    "PUB a b c 1\r\n",
    "PUB a b c d 1\r\n",
    "HPUB a 1\r\n",
    "HPUB a 14 12\r\n",
    "HPUB a -1 12\r\n",
    "SUB a\r\n",
    "SUB \r\n",
    "SUB a b c d\r\n",
    "UNSUB \r\n",
    "UNSUB 1 2 3\r\n",
    "-ERR 'no'\r\n",
  ];
  for (const line of lines) assertEquals(parse(line), ["malformed"], line);
});

Deno.test("Parser refuses a payload that is longer than it was said to be", () => {
  assertEquals(parse("PUB a 2\r\nhixx\r\n"), ["unknown"]);
  assertEquals(parse("PUB a 2\r\nhi", "x"), ["unknown"]);
  assertEquals(parse("PUB a 2\r\nhi\r", "x"), ["unknown"]);
});

Deno.test("Parser bounds the control line, whole or split", () => {
  const subject = "a".repeat(4094);
  assertEquals(parse(`SUB ${subject} 1\r\n`), [`sub ${subject} - 1`]);
  assertEquals(parse(`SUB ${subject}a 1\r\n`), ["too long"]);
  assertEquals(parse("SUB ", ...new Array(100).fill("a".repeat(100))), ["too long"]);
  assertEquals(parse(`CONNECT ${"x".repeat(100_000)}`), ["too long"]);
  assertEquals(parse("PING", " ".repeat(5000)), ["too long"]);
});

Deno.test("Parser.stop() ends reading within a chunk", () => {
  assertEquals(parse("PING\r\nX\r\nPING\r\n", "PING\r\n"), ["ping", "unknown"]);
});
