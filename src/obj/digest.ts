// the platform's own digest needs all bytes at once, and one in TypeScript takes twenty times as long
import { createHash } from "node:crypto";

/** What stands before a digest; the only kind that ADR-20 has. */
const KIND = "SHA-256=";
const LENGTH = 32;

/** The SHA-256 of bytes that come one part after the other. */
export class Digest {
  readonly #hash = createHash("sha256");

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of all parts, as an info has it; nothing can be added any more. */
  text(): string {
    return KIND + new Uint8Array(this.#hash.digest()).toBase64({ alphabet: "base64url" });
  }
}

/**
 * The digest of an info, spelt as {@linkcode Digest.text} spells it: peers write it with or without padding, in either
 * alphabet, or as hexadecimal digits. `undefined` if it is no SHA-256.
 */
export function normalDigest(text: unknown): string | undefined {
  if (typeof text !== "string" || !text.toUpperCase().startsWith(KIND)) return undefined;
  const bytes = bytesOf(text.slice(KIND.length));
  if (bytes?.length !== LENGTH) return undefined;
  return KIND + bytes.toBase64({ alphabet: "base64url" });
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    if (/^(?:[0-9a-f]{64}|[0-9A-F]{64})$/.test(text)) return Uint8Array.fromHex(text);
    const urlSafe = text.replaceAll("+", "-").replaceAll("/", "_");
    return Uint8Array.fromBase64(urlSafe, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}
