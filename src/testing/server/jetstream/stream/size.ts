import type { StreamConfig } from "./config.ts";

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
