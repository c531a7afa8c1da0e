import { callable, checkOptions, flag, signal } from "../options.ts";
import { handled } from "../promises.ts";
import { iteratorOf } from "../queue.ts";
import { type BrokerAccess, source } from "../door/mod.ts";
import { watchNeeds } from "./bucket_needs.ts";
import { type ListOptions, revisionRule } from "./call_options.ts";
import { OpenChangeReader } from "./change_reader.ts";
import { ChangeSource } from "./change_source.ts";
import type {
  ChangeKind,
  ChangeMessage,
  ChangeReader,
  Changes,
  ChangesOptions,
} from "./changes.ts";
import type { BucketDefinition } from "./definition.ts";
import { KeyPattern, subjectStart } from "./keys.ts";

const RULES = {
  updatesOnly: flag,
  history: flag,
  after: revisionRule(0),
  onInitial: callable,
};
const ACTION = "follow the changes of a bucket";

/**
 * Makes a source of changes, which its own broker can read, too.
 *
 * @throws {TypeError} naming the option that is wrong
 * @throws {InvalidSubjectError} for a pattern that no key can match
 */
export function makeChanges(
  definition: BucketDefinition,
  access: BrokerAccess,
  text: string,
  options: ChangesOptions,
): Changes {
  const pattern = new KeyPattern(ACTION, text);
  checkStart(options);
  const { name, options: bucket } = definition;
  const { updatesOnly, history, after, onInitial } = options;
  const start = { updatesOnly, history, after };
  const open = (reading: ListOptions = {}): Promise<ChangeReader> => {
    checkOptions(ACTION, reading, { signal });
    return handled(OpenChangeReader.open(definition.on(access), pattern, start, reading));
  };
  const made = source<ChangeKind<string, unknown>, Reading>(
    `kv ${name} ${text}`,
    {
      pattern: subjectStart(name) + text,
      needs: { publish: watchNeeds(name, bucket, pattern.wildcard) },
      description: { bucket: name, keys: text },
      open: (sink, broker) =>
        new ChangeSource(sink, definition.on(broker), pattern, { ...start, onInitial }),
    },
    { open, [Symbol.asyncIterator]: () => readingOf(open) },
  );
  return made as unknown as Changes;
}

type Reading = Pick<Changes, "open" | typeof Symbol.asyncIterator>;

function checkStart(options: ChangesOptions): void {
  checkOptions(ACTION, options, RULES);
  const { updatesOnly, history, after } = options;
  const given = [updatesOnly, history, after !== undefined].filter((one) => one);
  if (given.length <= 1) return;
  const rule = 'at most one of "updatesOnly", "history" and "after" must be given';
  throw new TypeError(`Cannot ${ACTION} as ${rule}: ${given.length} are`);
}

/** Opens a reader with the first step, and closes it with the loop. */
function readingOf(open: () => Promise<ChangeReader>): AsyncIterator<ChangeMessage> {
  let opened: Promise<ChangeReader> | undefined;
  return iteratorOf(
    async () => await (await (opened ??= open())).next(),
    async () => await (await opened)?.close(),
  );
}
