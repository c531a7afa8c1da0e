import { checkOptions, subjects } from "../options.ts";
import type { Wanted } from "../subject/least.ts";
import { Pattern } from "../subject/pattern.ts";
import { isToken } from "../subject/subject.ts";

/** What a program does beside what is registered on its broker: subjects, wildcards, or patterns such as `"orders.{id}"`. */
export interface PermissionsOptions {
  /** Where it publishes and asks, with `publish()`, `request()` and all others that are given a subject. @default {[]} */
  readonly publish?: readonly string[];
  /**
   * The inboxes of the services that it opens sessions and streams on, as in `["_DESK.>"]`; those of its own callers are in
   * the broker's `answersTo`.
   *
   * @default {[]}
   */
  readonly sessions?: readonly string[];
  /** What it will subscribe to beside, each with or without a queue group: `"rooms.*"`, `"jobs workers"`. @default {[]} */
  readonly subscribe?: readonly string[];
}

/** The options, with their patterns as the server has them. */
export interface PermissionsSettings {
  readonly publish: readonly string[];
  readonly sessions: readonly string[];
  readonly subscribe: readonly Wanted[];
}

const ACTION = "tell the permissions";

/**
 * Checks the options, and reads their patterns.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for a subject that no server would take
 */
export function permissionsSettings(options: PermissionsOptions): PermissionsSettings {
  checkOptions(ACTION, options, { publish: subjects, sessions: subjects, subscribe: subjects });
  const { publish = [], sessions = [], subscribe = [] } = options;
  return {
    publish: publish.map(subjectOf),
    sessions: sessions.map(subjectOf),
    subscribe: subscribe.map(wantedOf),
  };
}

function subjectOf(text: string): string {
  return new Pattern(text).subject;
}

function wantedOf(entry: string): Wanted {
  const [text = "", ...rest] = entry.split(" ");
  const [queue] = rest;
  if (rest.length > 1 || (queue !== undefined && !isToken(queue))) {
    const rule = `an entry of "subscribe" must be a subject, or a subject and a queue group`;
    throw new TypeError(`Cannot ${ACTION} as ${rule}: ${JSON.stringify(entry)}`);
  }
  return { subject: subjectOf(text), queue };
}
