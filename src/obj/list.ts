import { asError } from "../legible.ts";
import { OrderedRead } from "../jetstream/read/ordered_read.ts";
import type { Bucket } from "./bucket.ts";
import type { Entry } from "./object_info.ts";

/**
 * The entries of all names, including deletions; ends with the last one, or throws.
 *
 * @throws {ObjectError} `unreadable`, if the callback `unreadable` throws it
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
    from: "last-per-subject",
    until: "now",
  });
  try {
    for (let message = await read.next(); message; message = await read.next()) {
      try {
        yield bucket.read(message);
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
