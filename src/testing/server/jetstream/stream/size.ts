import { ApiError } from "../api/errors.ts";
import type { StreamConfig } from "./config.ts";

/** The greatest header block that can be stored. */
const MAX_HEADERS = 65_535;

type Sized = { readonly subject: string; readonly headers: string; readonly body: Uint8Array };

/** What a message counts for in a stream, by the rules of the storage that the stream asks for. */
export function sizeIn(storage: StreamConfig["storage"]): (message: Sized) => number {
  return storage === "memory" ? inMemory : inFile;
}

/** The sequence and the time. */
function inMemory({ subject, headers, body }: Sized): number {
  return subject.length + headers.length + body.length + 16;
}

/** Lengths, the sequence, the time and a hash. */
function inFile({ subject, headers, body }: Sized): number {
  const header = headers === "" ? 0 : 4 + headers.length;
  return 22 + subject.length + header + body.length + 8;
}

/** Throws an {@linkcode ApiError} for a message that is larger than the stream permits. */
export function checkSize(
  { max_msg_size: most }: StreamConfig,
  { headers, body }: Pick<Sized, "headers" | "body">,
): void {
  if (most >= 0 && headers.length + body.length > most) {
    throw new ApiError("streamMessageExceedsMaximum");
  }
}

/** Throws an {@linkcode ApiError} for headers that no stream takes. */
export function checkHeaderSize({ headers }: Pick<Sized, "headers">): void {
  if (headers.length > MAX_HEADERS) throw new ApiError("streamHeaderExceedsMaximum");
}
