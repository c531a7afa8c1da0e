import { fillRandom } from "../clock.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 22;

/** A byte of this value or more would favour the alphabet's first letters, so draw another. */
const FAIR = 256 - 256 % ALPHABET.length;
const LETTERS = Uint8Array.from({ length: FAIR }, (_, byte) => ALPHABET.charCodeAt(byte % 62));

/**
 * Random bytes are cheap by the thousand and expensive one by one. A token is a slice of the whole drawn text and keeps
 * it in memory: hence not more than this.
 */
const drawn = new Uint8Array(4_096);
const ascii = new TextDecoder();
let letters = "";
let used = 0;

/**
 * 22 base-62 characters, 131 bits, each drawn from the system's CSPRNG: knowing any number of tokens does not help to
 * guess another.
 */
export function newToken(): string {
  if (used + LENGTH > letters.length) draw();
  return letters.slice(used, used += LENGTH);
}

function draw(): void {
  fillRandom(drawn);
  let kept = 0;
  for (let at = 0; at < drawn.length; at++) {
    const byte = drawn[at]!;
    if (byte < FAIR) drawn[kept++] = LETTERS[byte]!;
  }
  letters = ascii.decode(drawn.subarray(0, kept));
  used = 0;
}
