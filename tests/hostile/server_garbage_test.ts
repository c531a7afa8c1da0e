import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { frame, FrameServer } from "../support/frame_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, INFO, infoWith, ScriptedServer } from "../support/scripted_server.ts";
import { fastLineTest, isPlain } from "../support/plain_mode.ts";

const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;
const encoder = new TextEncoder();
const METHODS = ["log", "info", "warn", "error", "debug", "trace"] as const;

const BELOW_0 = "a max_payload below 0";

/** What a server says behind the handshake, that no server says. */
const GARBAGE: readonly (readonly [what: string, words: string])[] = [
  ["messages for nobody", "MSG a 999 2\r\nhi\r\n".repeat(2_000)],
  ["a body that is longer than its size", "MSG a 1 3\r\nabcdefg\r\n"],
  ["a message without a size", "MSG a\r\n"],
  ["a size below 0", "MSG a 1 -5\r\n\r\n"],
  ["a size of ten digits", "MSG a 1 9999999999\r\nx"],
  ["a subscription that is no number", "MSG a xx 1\r\nz\r\n"],
  ["headers longer than the message", "HMSG a 1 50 10\r\n0123456789\r\n"],
  ["headers that are none", "HMSG a 1 10 10\r\n0123456789\r\n"],
  ["headers cut short", "HMSG a 1 8 8\r\nNATS/1.0\r\n"],
  ["bytes", "\x00\x00\xff\r\n"],
  ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"],
  ["a message in a message", "MSG a 1 MSG a 1 1\r\nz\r\n"],
  ["PINGs", "PING\r\n".repeat(5_000)],
  ["PONGs", "PONG\r\n".repeat(5_000)],
  ["an empty -ERR", "-ERR\r\n"],
  ["INFOs", INFO.repeat(2_000)],
  ["a max_payload that is a text", infoWith({ max_payload: "abc" })],
  [BELOW_0, infoWith({ max_payload: -1 })],
  ["headers that are a text", infoWith({ headers: "yes" })],
  ["a nonce that is a number", infoWith({ nonce: 5 })],
  ["auth_required that is a list", infoWith({ auth_required: [] })],
  ["ldm that is a text", infoWith({ ldm: "no" })],
];

/** Frames that only WebSockets have. */
const FRAMES: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ["a masked frame", new Uint8Array([0x82, 0x81, 1, 2, 3, 4, 5])],
  ["a text frame", frame("PING\r\n", 0x81)],
  ["a text frame that is no text", frame(new Uint8Array([0xff, 0xfe]), 0x81)],
  ["fragments of a PING", joined(frame("PI", 0x02), frame("NG\r\n", 0x80))],
  ["a fragment of nothing", frame("PING\r\n", 0x80)],
  ["a compressed frame", frame("PING\r\n", 0xc2)],
  ["a frame of 2^62 bytes", new Uint8Array([0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ["an unknown frame", frame("x", 0x83)],
  ["a close", frame(new Uint8Array([0x03, 0xe8]), 0x88)],
  ["a close with a code of its own", frame(new Uint8Array([0x0f, 0xa0, 0x1b, 0x5b]), 0x88)],
  ["a close of one byte", frame(new Uint8Array([3]), 0x88)],
  ["a close with a forbidden code", frame(new Uint8Array([0x03, 0xed]), 0x88)],
  ["a long ping", frame(new Uint8Array(200), 0x89)],
  ["a flood of pings", joined(...Array.from({ length: 3_000 }, () => frame("x", 0x89)))],
  ["a flood of empty frames", joined(...Array.from({ length: 3_000 }, () => frame("")))],
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

interface Server {
  readonly url: string;
  say(bytes: Uint8Array): Promise<void>;
}

/** Says it to a broker that has a reader on subscription 1; the broker must be there again afterwards. */
async function outlives(server: Server, bytes: Uint8Array): Promise<void> {
  const printed: unknown[][] = [];
  const kept = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS) console[method] = (...given) => void printed.push(given);
  try {
    await using broker = new NatsBroker(server.url, options);
    broker.subscriber("a", () => {});
    await broker.start();
    const seen = recorded(broker);
    await server.say(bytes);
    await until("the broker must be there", () => broker.ping().then(() => true, () => false));
    await until("the broker must take a message", async () => {
      await broker.publish("b", 1);
      return await broker.flush({ timeout: 5_000 }).then(() => true, () => false);
    });
    assert(errorsIn(seen).length <= 4, errorsIn(seen).map(String).join("\n"));
  } finally {
    for (const [method, print] of kept) console[method] = print;
  }
  // the client stops to read, and prints that
  const ours = printed.filter(([what]) => !isPlain || what !== "reader closed");
  assertEquals(ours, []);
}

for (const [what, words] of GARBAGE) {
  const test = (name: string, fn: () => Promise<void>) =>
    what === BELOW_0
      ? fastLineTest(name, "the client publishes nothing then", fn)
      : Deno.test(name, fn);

  test(`NatsBroker outlives ${what} of a server over TCP`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    const say = () => server.say(words);
    await outlives({ url: server.url, say }, encoder.encode(words));
  });

  test(`NatsBroker outlives ${what} of a server over a WebSocket`, async () => {
    await using server = FrameServer.start();
    await outlives(server, frame(words));
  });
}

for (const [what, bytes] of FRAMES) {
  Deno.test(`NatsBroker outlives ${what} of a server over a WebSocket`, async () => {
    await using server = FrameServer.start();
    await outlives(server, bytes);
  });
}
