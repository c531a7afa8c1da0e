import { describe } from "../options.ts";

/** The characters of a bucket name (ADR-6), which becomes part of a stream name and of subjects. */
const BUCKET = /^[A-Za-z0-9_-]+$/;
/** In bytes, so that a subject stays within the server's limit for a protocol line. */
const LONGEST_BUCKET = 200;
const LONGEST_NAME = 1_200;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The stream and subjects of a bucket (ADR-20). */
export class BucketNames {
  readonly bucket: string;
  readonly stream: string;
  /** The subject filter of all chunks. */
  readonly allChunks: string;
  /** The subject filter of all infos. */
  readonly allInfos: string;

  /**
   * Derives the names.
   *
   * @throws {TypeError} for an invalid bucket name
   */
  constructor(action: string, bucket: unknown) {
    if (typeof bucket !== "string" || !BUCKET.test(bucket) || bucket.length > LONGEST_BUCKET) {
      const rule = `the name of a bucket must be 1 to ${LONGEST_BUCKET} of A-Z, a-z, 0-9, "_", "-"`;
      throw new TypeError(`Cannot ${action} as ${rule}: ${describe(bucket)}`);
    }
    this.bucket = bucket;
    this.stream = `OBJ_${bucket}`;
    this.allChunks = `$O.${bucket}.C.*`;
    this.allInfos = `$O.${bucket}.M.*`;
  }

  /** The subject of an object's chunks. */
  chunks(id: string): string {
    return `$O.${this.bucket}.C.${id}`;
  }

  /** The subject of an object's info. */
  info(name: string): string {
    return `$O.${this.bucket}.M.${encoder.encode(name).toBase64({ alphabet: "base64url" })}`;
  }
}

/**
 * Checks an object's name, which can be any text.
 *
 * @throws {TypeError} if it is empty, too long, or not valid Unicode
 */
export function checkObjectName(action: string, name: unknown): asserts name is string {
  const isText = typeof name === "string" && name !== "" && name.isWellFormed();
  if (isText && (name.length * 3 <= LONGEST_NAME || encoder.encode(name).length <= LONGEST_NAME)) {
    return;
  }
  const rule = `the name of an object must be text of 1 to ${LONGEST_NAME} bytes`;
  const shown = isText ? `${name.length} characters` : describe(name);
  throw new TypeError(`Cannot ${action} as ${rule}: ${shown}`);
}

/** The object name in an info's subject; a token that is not valid Base64 is returned unchanged. */
export function nameIn(subject: string): string {
  const token = subject.slice(subject.lastIndexOf(".") + 1);
  try {
    return decoder.decode(Uint8Array.fromBase64(token, { alphabet: "base64url" }));
  } catch {
    return token;
  }
}
