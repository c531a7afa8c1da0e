import { pick, type Random } from "../unit/seeded_random.ts";

/** What a token may hold, by what nats-server lets through: all but blanks and the end of a line. */
const CHARACTERS = [
  "a",
  "Z",
  "0",
  "-",
  "\x01",
  "\x07",
  "\x1b",
  "\x7f",
  "\0",
  "\u00e9",
  "\u2028",
  "\u202e",
  "*",
  ">",
  ".",
  "$",
  '"',
  "\\",
];

/** Where no answer of ours may go: the server's own subjects, and what the service itself listens on. */
const FORBIDDEN = [
  "$JS.API.STREAM.DELETE.LEDGER",
  "$JS.API.INFO",
  "$JS.ACK.a.b.1.1.1.1.1",
  "$SYS.REQ.SERVER.PING",
  "$SRV.PING",
  "$SRV.STATS.hostile",
  "$KV.prices.apple",
  "$O.files.C.1",
  "$",
  "$a",
];

/** Tokens that make no subject, or one that nobody may publish to. */
const BROKEN = ["", ".", "..", ".a", "a.", "a..b", "*", ">", "a.*", "a.>", "told.*.x", ">.a"];

/** An reply address that no honest caller has. */
export function oddAddress(random: Random, served: readonly string[]): string {
  const kind = random(6);
  if (kind === 0) return pick(random, BROKEN);
  if (kind === 1) return pick(random, FORBIDDEN);
  if (kind === 2) return pick(random, served);
  if (kind === 3) return `told.${"x".repeat(1 + random(3_500))}`;
  if (kind === 4) return Array.from({ length: 1 + random(200) }, () => "t").join(".");
  return Array.from({ length: 1 + random(12) }, () => pick(random, CHARACTERS)).join("");
}
