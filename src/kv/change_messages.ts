import type { ChangeView } from "../jetstream/changes/change_view.ts";
import type { Change } from "./changes.ts";
import type { Entry } from "./entry.ts";
import { type KeyPattern, subjectStart } from "./keys.ts";

/** Turns the changes of keys into messages for handlers and readers. */
export function keyView(bucket: string, pattern: KeyPattern): ChangeView<Entry> {
  return {
    filter: subjectStart(bucket) + pattern.wildcard,
    pattern: subjectStart(bucket) + pattern.text,
    keyOf: ({ key }) => key,
    given: ({ entry, isInitial }) => ({
      params: pattern.read(entry.key),
      decoded: { body: entry.value },
      besides: { change: { ...entry, isInitial } satisfies Change },
    }),
  };
}
