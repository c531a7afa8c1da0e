import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  controlName,
  framesIn,
  type Numbered,
  numberedName,
  pack,
  parseName,
} from "../../../src/link/frames/frame.ts";
import {
  encodeFlowState,
  encodeTerms,
  type HandshakeTerms,
  parseFlowState,
  parseTerms,
  termsOf,
  toldIn,
} from "../../../src/link/frames/control_frames.ts";
import { pick, printable, type Random, seeded } from "../seeded_random.ts";
import { KINDS } from "./machine_events.ts";
import { SETTINGS } from "./machine_stage.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const CODES = [..."tjbuhmefs"] as Parameters<typeof numberedName>[1][];
const TERMS: HandshakeTerms = {
  kind: "session",
  frames: 4,
  bytes: 64,
  body: 1_000,
  responses: 16,
  several: 30,
  renew: 7,
  secret: 1,
};
const MOST = 999_999_999_999_999;

Deno.test("parseName() reads the names that numberedName() and controlName() write", () => {
  for (const number of [1, 10, MOST]) {
    for (const code of CODES) {
      assertEquals(parseName(`a.b.${numberedName(number, code)}`, 4), { number, code });
    }
    for (const kind of KINDS) {
      assertEquals(parseName(controlName(kind, number), 0), { kind, serial: number });
    }
  }
});

Deno.test("parseName() takes nothing for a name that is none", () => {
  const digits = ["", "0", "1", "12", "-1", "+1", "1.5", "1e3", "0x1", " 1", "١", "NaN"];
  const letters = [
    "y1",
    "c",
    "c0",
    "c-1",
    "c1 ",
    "cc",
    "C1",
    "o1.5",
    "c1c",
    "é1",
    "\0",
    "constructor1",
  ];
  const others = ["0t", "-1t", "1T", "1z", "t", "1 t", "1tt", "1t1", "1é", "1_", ".t", "/1t"];
  const huge = ["1".repeat(16) + "t", `c${"1".repeat(16)}`, "9".repeat(100_000) + "t", "1t\n"];
  for (const name of [...digits, ...letters, ...others, ...huge]) {
    assertStrictEquals(parseName(name, 0), undefined, name.slice(0, 40));
  }
});

Deno.test("parseName() takes nothing from behind the end", () => {
  for (const from of [2, 3, 99, Infinity]) {
    assertStrictEquals(parseName("1t", from), undefined, `${from}`);
  }
});

Deno.test("parseFlowState() reads what encodeFlowState() writes", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const n of [0, 1, most]) {
    const tally = { received: n, frames: n, bytes: 7, sent: 8, spent: n };
    assertEquals(parseFlowState(encodeFlowState(tally)), tally);
  }
  const tally = { received: 1, frames: 2, bytes: 3, sent: 4, spent: 5 };
  assertStrictEquals(new TextDecoder().decode(encodeFlowState(tally)), "1 2 3 4 5");
});

Deno.test("parseFlowState() takes nothing for a tally that is none", () => {
  const wrong = ["", "1", "1 2 3 4", "1 2 3 4 5 6", "1  2 3 4 5", " 1 2 3 4 5", "1 2 3 4 5 "];
  const numbers = ["-1 2 3 4 5", "1.5 2 3 4 5", "1e3 2 3 4 5", "NaN 2 3 4 5", "Infinity 0 0 0 0"];
  const others = [
    "1 2 3 4 5\n",
    "1\t2 3 4 5",
    "١ 2 3 4 5",
    "1,2,3,4,5",
    `${"1".repeat(17)} 0 0 0 0`,
  ];
  for (const text of [...wrong, ...numbers, ...others, "1 2 3 4 5".padEnd(85)]) {
    assertStrictEquals(parseFlowState(encode(text)), undefined, text);
  }
  assertStrictEquals(parseFlowState(Uint8Array.of(0xff, 0xfe, 0x31)), undefined);
  assertStrictEquals(parseFlowState(new Uint8Array(1_000_000).fill(49)), undefined);
});

Deno.test("parseTerms() reads what encodeTerms() writes, in any order and with pairs to come", () => {
  assertEquals(parseTerms(encodeTerms(TERMS)), TERMS);
  const others = "secret=1 renew=7 hue=red several=30 responses=16 body=1000 bytes=64 frames=4 x";
  assertEquals(parseTerms(`1 session ${others}`), TERMS);
});

Deno.test("parseTerms() takes what may be left out for 0, and packs no larger than ours", () => {
  const must = "1 stream frames=4 bytes=64 body=1000 responses=0";
  const none = { responses: 0, several: 0, renew: 0, secret: 0 };
  const terms = { ...TERMS, kind: "stream", ...none } as const;
  assertEquals(parseTerms(must), terms);
  assertEquals(parseTerms(`${must} several=-1 renew=soon`), terms);
  assertEquals(parseTerms(`${must} several=999999999`)?.several, 16_384);
});

Deno.test("parseTerms() takes nothing for terms that are none", () => {
  const good = "frames=4 bytes=64 body=1000 responses=0";
  const beginnings = [
    "",
    "1",
    "1 session",
    `2 session ${good}`,
    `1 Session ${good}`,
    `session ${good}`,
  ];
  const spaced = [` 1 session ${good}`, `1  session ${good}`, `1\tsession ${good}`];
  const values = ["", "-1", "1.5", "1e3", "NaN", "Infinity", "١", " 4", "1".repeat(16)];
  const numbers = values.map((value) => `1 session ${good.replace("=4", `=${value}`)}`);
  const names = ["frames", "bytes", "body", "responses"].map((name) =>
    `1 session ${good.replace(`${name}=`, `${name.toUpperCase()}=`)}`
  );
  for (const value of [...beginnings, ...spaced, ...numbers, ...names]) {
    assertStrictEquals(parseTerms(value), undefined, value);
  }
});

Deno.test("toldIn() finds what an opening says in any case, and nothing in what is none", () => {
  const packet = (headers?: string) => ({
    subject: "a",
    replyTo: "b",
    data: new Uint8Array(0),
    headerBlock: headers === undefined ? undefined : encode(`NATS/1.0\r\n${headers}\r\n\r\n`),
  });
  assertStrictEquals(toldIn(packet("signalbox-LINK: 1 x")), "1 x");
  assertEquals([toldIn(packet()), toldIn(packet("a: b"))], [undefined, undefined]);
});

Deno.test("termsOf() tells the window, and of a limited side how often it must be heard", () => {
  const { several } = termsOf("stream", SETTINGS, undefined);
  const common = { frames: 4, bytes: 64, body: 64, several };
  assertEquals(termsOf("stream", SETTINGS, undefined), {
    kind: "stream",
    ...common,
    responses: 0,
    renew: 0,
    secret: 0,
  });
  const renews = [1_001, 120_000].map((expires) =>
    termsOf("session", SETTINGS, { max: 3, expires })
  );
  assertEquals(renews.map(({ responses, renew }) => [responses, renew]), [[3, 500], [3, 1_666]]);
});

/** Something near to what is right: pieces of it, in a wrong place. */
function junk(random: Random): string {
  const parts = ["1", "session", "=", " ", "frames=", "9".repeat(20), "é", "\0", "c", "1t", "NaN"];
  const some = Array.from({ length: random(12) }, () => pick(random, parts));
  return random(3) === 0 ? printable(random, random(90)) : some.join("");
}

Deno.test("parseName(), parseFlowState() and parseTerms() throw for nothing, and never give NaN", () => {
  const random = seeded(7);
  for (let at = 0; at < 20_000; at++) {
    const text = junk(random);
    const found = [
      parseName(text, random(text.length + 2)),
      parseFlowState(encode(text)),
      parseTerms(text),
    ];
    for (const values of found.map((one) => Object.values(one ?? {}))) {
      assertStrictEquals(values.some(Number.isNaN), false, text);
    }
  }
});

Deno.test("framesIn() takes no pack that is longer than we have told", () => {
  const packOf = (length: number) => {
    const frames = [{ number: 1, code: "b", data: new Uint8Array(length), headerBlock: undefined }];
    return { data: pack(frames as Numbered[]), headerBlock: undefined };
  };
  assertStrictEquals(framesIn(packOf(16_379), 1, "s")?.length, 1);
  assertStrictEquals(framesIn(packOf(16_380), 1, "s"), undefined);
});

Deno.test("framesIn() has no frame keep a whole pack of which the first are there already", () => {
  const sizes = [16_000, 1];
  const frames = sizes.map((size, at) => ({
    number: 1 + at,
    code: "b",
    data: new Uint8Array(size),
    headerBlock: undefined,
  })) as Numbered[];
  const message = { data: pack(frames), headerBlock: undefined };
  const held = (received: number) =>
    framesIn(message, 1, "s", received)![1]!.data.buffer.byteLength;
  assertEquals([held(0), held(1)], [16_011, 1]);
});
