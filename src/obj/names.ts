import { describe } from "../options.ts";

/** ADR-6: a bucket is a part of a stream's name and of subjects. */
const BUCKET = /^[A-Za-z0-9_-]+$/;
/** In bytes, so that a subject stays within what servers take for a line. */
const LONGEST_BUCKET = 200;
const LONGEST_NAME = 1_200;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The stream and the subjects of a bucket, as ADR-20 has them. */
export class BucketNames {
  readonly bucket: string;
  readonly stream: string;
  /** The chunks of all objects. */
  readonly allChunks: string;
  /** The infos of all objects. */
  readonly allInfos: string;

  /**
   * Makes them.
   *
   * @throws {TypeError} for a bucket whose name a server would not take
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

  /** The subject of the chunks of one object. */
  chunks(id: string): string {
    return `$O.${this.bucket}.C.${id}`;
  }

  /** The subject of the info of one object. */
  info(name: string): string {
    return `$O.${this.bucket}.M.${encoder.encode(name).toBase64({ alphabet: "base64url" })}`;
  }
}

/**
 * Checks the name of an object, which is any text.
 *
 * @throws {TypeError} if it is empty, too long, or cannot be written as UTF-8
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

/** The name of an object, by the subject of its info; the token itself if it is no Base64. */
export function nameIn(subject: string): string {
  const token = subject.slice(subject.lastIndexOf(".") + 1);
  try {
    return decoder.decode(Uint8Array.fromBase64(token, { alphabet: "base64url" }));
  } catch {
    return token;
  }
}
