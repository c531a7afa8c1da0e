import { pick, type Random } from "../seeded_random.ts";

/** What a client might say, as it should be. */
const COMMANDS: readonly string[] = [
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n',
  "PING\r\n",
  "PONG\r\n",
  "SUB a.* 1\r\n",
  "SUB a.> q 2\r\n",
  "UNSUB 1 5\r\n",
  "PUB a.b 5\r\nhello\r\n",
  "PUB a.b in.1 5\r\nhello\r\n",
  "HPUB a.b 22 27\r\nNATS/1.0\r\nk: v\r\n\r\n\r\n\r\nhello\r\n",
];

/** Junk that a parser may stumble over. */
const SCRAPS: readonly string[] = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  " ",
  "\t",
  "-1",
  "999999999",
  "9".repeat(40),
  "0x10",
  ">",
  "*",
  "..",
  ".".repeat(500),
  "{".repeat(300),
  "\xff\xfe",
  "x".repeat(5_000),
  '{"__proto__":{"verbose":true}}',
];

/** Some commands with a few places in them broken, one character per byte; the same for the same seed. */
export function brokenCommands(random: Random): string {
  let text = Array.from({ length: 1 + random(8) }, () => pick(random, COMMANDS)).join("");
  for (let left = random(4); left > 0; left--) {
    const at = random(text.length);
    const end = Math.min(text.length, at + random(6));
    text = text.slice(0, at) + (random(3) === 0 ? "" : pick(random, SCRAPS)) + text.slice(end);
  }
  return text;
}
