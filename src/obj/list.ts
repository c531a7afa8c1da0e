import { asError } from "../legible.ts";
import { OrderedRead } from "../jetstream/read/ordered_read.ts";
import type { Bucket } from "./bucket.ts";
import { decodeInfo, type Entry } from "./object_info.ts";

const decoder = new TextDecoder();

/**
 * What the bucket has under each name, what was deleted included; ends, or throws.
 *
 * @throws {ObjectError} `unreadable`, if `unreadable` throws it
 */
export async function* entriesOf(
  bucket: Bucket,
  action: string,
  unreadable: (error: Error) => void,
): AsyncGenerator<Entry> {
  const { api, names } = bucket;
  const filters = [names.allInfos];
  const read = new OrderedRead(api, {
    stream: names.stream,
    filters,
    lastPerSubject: true,
    until: "now",
  });
  try {
    for (let message = await read.next(); message; message = await read.next()) {
      const { seq, time, data } = message;
      const name = nameIn(message.subject);
      try {
        yield decodeInfo(action, name, data, { bucket: names.bucket, seq, time });
      } catch (error) {
        unreadable(asError(error));
      }
    }
  } catch (error) {
    throw bucket.nameIn(error, action);
  } finally {
    await read.close();
  }
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
