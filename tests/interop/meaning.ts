import { decodeBase64, encodeBase64 } from "./base64.ts";

/** What a body is, in JSON, in words that both languages understand. */
export type Meaning =
  | { readonly text: string }
  | { readonly bytes: string }
  | { readonly json: unknown }
  | { readonly order: unknown }
  | { readonly nothing: true };

/** Says what a value is. */
export function meaningOf(value: unknown): Meaning {
  if (typeof value === "string") return { text: value };
  if (value instanceof Uint8Array) return { bytes: encodeBase64(value) };
  if (value === undefined) return { nothing: true };
  return { json: value };
}

/** The value that something stands for here; the way back of `meaningOf()`. */
export function valueOf(meaning: Meaning): unknown {
  if ("text" in meaning) return meaning.text;
  if ("bytes" in meaning) return decodeBase64(meaning.bytes);
  if ("json" in meaning) return meaning.json;
  if ("order" in meaning) return meaning.order;
  return undefined;
}
