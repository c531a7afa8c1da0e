/**
 * Subjects are bytes to a server: it compares them and passes them on, valid UTF-8 or not. A byte
 * string holds one byte per character, so any subject survives the way through a `Map` key.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** spread arguments go on the stack, which a line of 4096 bytes must not exhaust */
const SPREAD = 1024;

/** The bytes from `start` up to `end` as a byte string. */
export function byteString(bytes: Uint8Array, start: number, end: number): string {
  // most are short, and for those a view costs more than reading the characters
  if (end - start <= 12) {
    let text = "";
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }
  if (end - start <= SPREAD) return String.fromCharCode.apply(null, view(bytes, start, end));
  let text = "";
  for (let i = start; i < end; i += SPREAD) {
    text += String.fromCharCode.apply(null, view(bytes, i, Math.min(i + SPREAD, end)));
  }
  return text;
}

/** `apply` takes any array-like; its type asks for an array. */
function view(bytes: Uint8Array, start: number, end: number): number[] {
  return bytes.subarray(start, end) as unknown as number[];
}

/** What the wire carries for a JavaScript string. */
export function toByteString(text: string): string {
  const bytes = encoder.encode(text);
  return byteString(bytes, 0, bytes.length);
}

/** The bytes of a byte string. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** In double quotes and escaped, as error lines name a subject. */
export function quoted(text: string): string {
  const readable = isUtf8(text);
  return `"${Array.from(text, (character) => escape(character, readable)).join("")}"`;
}

function isUtf8(text: string): boolean {
  try {
    decoder.decode(toBytes(text));
    return true;
  } catch {
    return false;
  }
}

function escape(character: string, readable: boolean): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const printable = character >= " " && character !== "\x7f" && (readable || character < "\x80");
  if (printable) return character;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
