import type { BrokerAccess } from "../door/mod.ts";
import { changesOf } from "../jetstream/changes/change_values.ts";
import { checkChangesOptions } from "../jetstream/changes/change_view.ts";
import { watchNeeds } from "./bucket_needs.ts";
import { keyView } from "./change_messages.ts";
import type { Changes, ChangesOptions } from "./changes.ts";
import type { BucketDefinition } from "./definition.ts";
import { KeyPattern } from "./keys.ts";

const ACTION = "follow the changes of a bucket";

/**
 * Makes a source of changes, which can also be iterated over.
 *
 * @throws {TypeError} naming the invalid option
 * @throws {InvalidSubjectError} for a pattern that no key can match
 */
export function makeChanges(
  definition: BucketDefinition,
  access: BrokerAccess,
  text: string,
  options: ChangesOptions,
): Changes {
  const pattern = new KeyPattern(ACTION, text);
  checkChangesOptions(ACTION, options);
  const { name, options: bucket } = definition;
  const made = changesOf(access, {
    name: `kv ${name} ${text}`,
    needs: { publish: watchNeeds(name, bucket, pattern.wildcard) },
    description: { bucket: name, keys: text },
    view: keyView(name, pattern),
    options: { ...options },
    on: (broker) => definition.on(broker),
  });
  return made as unknown as Changes;
}
