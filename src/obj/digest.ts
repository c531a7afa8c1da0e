// Web Crypto needs all bytes at once, and an implementation in TypeScript takes twenty times as long
import { createHash } from "node:crypto";

/** The prefix of a digest; ADR-20 knows no other algorithm. */
const KIND = "SHA-256=";
const LENGTH = 32;

/** An incremental SHA-256. */
export class Digest {
  readonly #hash = createHash("sha256");

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Finishes: returns the digest as an info spells it. */
  text(): string {
    return KIND + new Uint8Array(this.#hash.digest()).toBase64({ alphabet: "base64url" });
  }
}

/**
 * A digest in the spelling of {@linkcode Digest.text}: other clients write it with or without padding, in either Base64
 * alphabet, or in hexadecimal. `undefined` if it is no SHA-256.
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
