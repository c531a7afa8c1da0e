import { fillRandom } from "../clock.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 22;

/** Above this a byte would favour the alphabet's first letters, so it is drawn again. */
const FAIR = 256 - 256 % ALPHABET.length;
const LETTERS = Uint8Array.from({ length: FAIR }, (_, byte) => ALPHABET.charCodeAt(byte % 62));

/**
 * Random bytes are cheap by the thousand and dear one by one. A token is a view of the text it was cut from, so one
 * that is kept keeps all of it: hence no more than this.
 */
const drawn = new Uint8Array(4_096);
const ascii = new TextDecoder();
let letters = "";
let used = 0;

/**
 * 22 base-62 characters, 131 bits, each drawn from the system's CSPRNG: knowing any number of them tells
 * nothing of another.
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
