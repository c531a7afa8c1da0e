import { ApiError } from "../api/errors.ts";
import type { StreamConfig } from "./config.ts";

/** The size limit of a header block in bytes. */
const MAX_HEADERS = 65_535;

type Sized = { readonly subject: string; readonly headers: string; readonly body: Uint8Array };

/** The size of a message by the rules of the stream's storage type. */
export function sizeIn(storage: StreamConfig["storage"]): (message: Sized) => number {
  return storage === "memory" ? inMemory : inFile;
}

/** Includes sequence and time. */
function inMemory({ subject, headers, body }: Sized): number {
  return subject.length + headers.length + body.length + 16;
}

/** Includes lengths, sequence, time and hash. */
function inFile({ subject, headers, body }: Sized): number {
  const header = headers === "" ? 0 : 4 + headers.length;
  return 22 + subject.length + header + body.length + 8;
}

/** Throws an {@linkcode ApiError} for a message over the stream's size limit. */
export function checkSize(
  { max_msg_size: most }: StreamConfig,
  { headers, body }: Pick<Sized, "headers" | "body">,
): void {
  if (most >= 0 && headers.length + body.length > most) {
    throw new ApiError("streamMessageExceedsMaximum");
  }
}

/** Throws an {@linkcode ApiError} for headers over the general limit. */
export function checkHeaderSize({ headers }: Pick<Sized, "headers">): void {
  if (headers.length > MAX_HEADERS) throw new ApiError("streamHeaderExceedsMaximum");
}
