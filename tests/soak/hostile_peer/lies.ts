import { pick, type Random } from "../../unit/seeded_random.ts";
import type { Liar } from "./liar.ts";

/** Something that a liar says, or leaves unsaid. */
type Lie = (liar: Liar) => void;

const MOST = "9".repeat(15);
const HUGE = "9".repeat(16);
const CODES = [..."tjbuhmefs"];
const LETTERS = [..."ocpgqdx"];
const REASONS = [
  "complete",
  "error",
  "cancelled",
  "peer gone",
  "peer-gone",
  "gap",
  "__proto__",
  "",
  "later",
];

/** Where a word goes: mostly where it should. */
export function addressOf({ random, to, other }: Liar): string {
  if (random(8) > 0) return to;
  return other + pick(random, ["o1", "c2", "c3", "1t", "2f", "nothing", `c${MOST}`]);
}

function payloadOf(random: Random): string | Uint8Array {
  const sizes = [0, 1, 8, 8, 64, 300, 5_000];
  return pick(random, [
    () => "x".repeat(pick(random, sizes)),
    () => new Uint8Array(pick(random, sizes)),
    () => '{"a":1}',
    () => "{",
    () => new Uint8Array([0xff, 0xfe]),
    () => "[".repeat(2_000),
  ])();
}

/** Frames as one message, whole or broken. */
function packOf(random: Random): Uint8Array {
  const frames = Array.from({ length: random(6) }, () => {
    const length = random(20);
    const told = random(6) === 0 ? random(2 ** 31) : length;
    const frame = new Uint8Array(5 + length);
    frame[0] = pick(random, [..."tjbumefsz"]).charCodeAt(0);
    new DataView(frame.buffer).setUint32(1, told);
    return frame;
  });
  const all = frames.flatMap((frame) => [...frame]);
  return Uint8Array.from(random(5) === 0 ? all.slice(0, -1) : all);
}

function headerOf(random: Random): string {
  return pick(random, [
    "",
    "\r\ncontent-type: application/json",
    `\r\nSignalbox-End: ${pick(random, REASONS)}`,
    "\r\nNats-Service-Error-Code: 500\r\nNats-Service-Error: lies",
    "\r\nNats-Service-Error-Code: 9e9\r\nSignalbox-End: complete",
    `\r\nx: ${"x".repeat(random(3_000))}`,
    "\r\n: no name",
    "\r\nSignalbox-Link: 1 session frames=1 bytes=1 body=1 responses=1",
  ]);
}

function numberOf({ random, sent }: Liar): string | number {
  return pick(random, [sent, 1, 0, sent + 2, sent + 9, sent + 100, MOST, HUGE, `0${sent}`, "-1"]);
}

function tallyOf({ random, received, sent }: Liar): string {
  const number = (usual: number) =>
    pick(random, [usual, usual, 0, usual + 1, usual + 1_000, MOST, HUGE]);
  const five = [received, received + 8, 4_096, sent, 0].map(number).join(" ");
  return pick(random, [five, five, five, `${five} 1`, "", "1 2", "a b c d e", `${HUGE}${five}`]);
}

const body: Lie = (liar) => {
  const code = pick(liar.random, CODES);
  if (code === "e" || code === "f") return;
  if (code === "s") return liar.say(`${++liar.sent}s`, { payload: packOf(liar.random) });
  const payload = code === "u" ? "" : payloadOf(liar.random);
  const header = code === "h" ? headerOf(liar.random) : undefined;
  liar.say(`${++liar.sent}${code}`, header === undefined ? { payload } : { payload, header });
};

const credit: Lie = (liar) => liar.say(`c${++liar.serial}`, { payload: liar.tally() });

/** Everything that it may do next, what is right included: who only lies is found out at once. */
export const LIES: readonly Lie[] = [
  body,
  body,
  body,
  credit,
  credit,
  // silence
  () => {},
  // wrong numbers, and codes that are unknown
  (liar) =>
    liar.say(`${numberOf(liar)}${pick(liar.random, [...CODES, "z", "T", "é"])}`, {
      payload: payloadOf(liar.random),
    }),
  // tallies that cannot be, and serials that go down
  (liar) => {
    const serial = pick(liar.random, [++liar.serial, 1, 0, liar.serial - 2, MOST, HUGE]);
    liar.say(`${pick(liar.random, LETTERS)}${serial}`, { payload: tallyOf(liar) });
  },
  // words with headers that do not belong there
  (liar) =>
    liar.say(`${pick(liar.random, LETTERS)}${++liar.serial}`, {
      header: headerOf(liar.random),
      payload: liar.tally(),
    }),
  // an end, as it should be or not
  (liar) => {
    if (liar.random(4) > 0) return;
    const code = pick(liar.random, ["e", "f"]);
    liar.say(`${++liar.sent}${code}`, { header: headerOf(liar.random) });
  },
  (liar) => {
    if (liar.random(4) > 0) return;
    liar.say(`x${++liar.serial}`, { header: headerOf(liar.random) });
  },
  // of another address, or of none
  (liar) =>
    liar.say("1t", { payload: "stray" }, pick(liar.random, ["", "_LIAR.third.o1", "nobody.c2"])),
  (liar) => liar.say("", {}, liar.own + pick(liar.random, ["", "__proto__", ".", "o", "1", "q"])),
  // nobody is there
  (liar) => {
    const named = pick(liar.random, ["", liar.to, liar.own, "liar.1"]);
    const header = liar.random(3) === 0 ? " 503" : ` 503\r\nNats-Subject: ${named}`;
    liar.say("", { header }, "");
  },
  // it accepts again
  (liar) => liar.say(`o${liar.random(4)}`, { header: `\r\nSignalbox-Link: ${liar.terms()}` }),
  // twice, and in another order
  (liar) => {
    for (let times = liar.random(4); times > 0 && liar.said.length > 0; times--) {
      liar.repeat(pick(liar.random, liar.said));
    }
  },
  (liar) => {
    for (const word of liar.held.splice(0).reverse()) liar.repeat(word);
  },
  // a flood
  (liar) => {
    if (liar.random(6) > 0) return;
    for (let times = 0; times < 60; times++) {
      liar.say(`${++liar.sent}m`, { payload: "y".repeat(liar.random(200)) });
    }
  },
];
