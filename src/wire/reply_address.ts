const [SPACE, ASTERISK, DOT, GREATER, DEL] = [32, 42, 46, 62, 127] as const;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Whether a peer's reply address, as bytes from the socket, is valid. The server passes it on unchecked, and a control
 * character in it would break the line of the answer apart.
 */
export function isReplyAddress(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  let before: number = DOT;
  let isWide = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte <= SPACE || byte === ASTERISK || byte === GREATER || byte === DEL) return false;
    if (byte === DOT && before === DOT) return false;
    isWide ||= byte > DEL;
    before = byte;
  }
  return before !== DOT && (!isWide || isText(bytes.subarray(from, to)));
}

/** A blank, a wildcard, a control character, an empty token, or a replacement for bytes that were not UTF-8. */
const ODD = /[\0-\x20*>\x7f\ufffd]|^\.|\.\.|\.$/;

/** The same check for a decoded address. */
export function isReplyText(text: string): boolean {
  return text !== "" && !ODD.test(text);
}

/** Whether the bytes are UTF-8: otherwise they would decode to another address, and the answer would go there. */
function isText(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
