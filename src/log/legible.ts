/** The longest text of a line, in characters: a peer may send an error text of a megabyte. */
const LONGEST = 1_000;

/** Control characters, all line breaks, and the marks that change the direction of text. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
/** The same except line feeds, which separate the lines of a stack. */
const UNSAFE_IN_LINES = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Turns any text into one line without terminal commands, and cuts it if it is too long. */
export function legible(text: string): string {
  const cut = text.length > LONGEST
    ? `${text.slice(0, LONGEST)}… (${text.length - LONGEST} more characters)`
    : text;
  return cut.replace(UNSAFE, escaped);
}

/** Does the same for text of several lines. */
export function legibleLines(text: string): string {
  return text.replace(UNSAFE_IN_LINES, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
