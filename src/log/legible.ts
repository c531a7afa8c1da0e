/** The longest text of a line, in characters: an error's text may be a megabyte that a peer has sent. */
const LONGEST = 1_000;

/** Controls, line breaks of every kind, and the marks that turn the direction of text. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
/** The same, but for the ends of lines, of which a stack is made. */
const UNSAFE_IN_LINES = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Text from anywhere as one line that no terminal takes for a command, cut where it is too long. */
export function legible(text: string): string {
  const cut = text.length > LONGEST
    ? `${text.slice(0, LONGEST)}… (${text.length - LONGEST} more characters)`
    : text;
  return cut.replace(UNSAFE, escaped);
}

/** The same for several lines. */
export function legibleLines(text: string): string {
  return text.replace(UNSAFE_IN_LINES, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
