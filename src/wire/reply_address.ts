const [SPACE, ASTERISK, DOT, GREATER, DEL] = [32, 42, 46, 62, 127] as const;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Whether an answer can be sent to an address that a peer has given: the server passes it on unread, and a control
 * character in it would break the line of the answer apart. It is bytes from the socket.
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

/** A blank, a wildcard, a control character, a token that is empty, or what was no UTF-8 before it was decoded. */
const ODD = /[\0-\x20*>\x7f\ufffd]|^\.|\.\.|\.$/;

/** The same of an address that was decoded. */
export function isReplyText(text: string): boolean {
  return text !== "" && !ODD.test(text);
}

/** What is no UTF-8 would be answered somewhere else, as it is decoded to another text. */
function isText(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
