import { callable, checkOptions, flag, type Rules } from "../../options.ts";
import type { Arrival } from "../../door/mod.ts";
import type { Watched, WatchStart } from "./watch.ts";

/** What a kind of bucket makes of its changes. */
export interface ChangeView<Entry> {
  /** The subjects of what is watched. */
  readonly filter: string;
  /** The pattern of the subjects, as messages show it. */
  readonly pattern: string;
  /** What stays in order: the changes of one key are handled one after the other. */
  keyOf(entry: Entry): string;
  /** What the message of a change has. */
  given(watched: Watched<Entry>): Pick<Arrival, "params" | "decoded" | "besides">;
}

/**
 * Why reading changes has ended: `cancelled`, by the program; `connection`, as the broker has stopped; `failed`, and
 * `next()` throws why.
 */
export type ChangesEnd = "cancelled" | "connection" | "failed";

const RULES: Rules = {
  updatesOnly: flag,
  history: flag,
  after: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0
      ? undefined
      : "a whole number of 0 or more",
  onInitial: callable,
};

/**
 * Checks where changes are to begin; `names` are the options that the bucket has.
 *
 * @throws {TypeError} naming the option that is wrong, or for more than one beginning
 */
export function checkChangesOptions(
  action: string,
  options: WatchStart & { readonly onInitial?: (() => void) | undefined },
  names: readonly string[] = Object.keys(RULES),
): void {
  checkOptions(action, options, Object.fromEntries(names.map((name) => [name, RULES[name]!])));
  const { updatesOnly, history, after } = options;
  const given = [updatesOnly, history, after !== undefined].filter((one) => one);
  if (given.length <= 1) return;
  const beginnings = names.filter((name) => name !== "onInitial").map((name) => `"${name}"`);
  const last = beginnings.pop();
  const rule = `at most one of ${beginnings.join(", ")} and ${last} must be given`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${given.length} are`);
}
