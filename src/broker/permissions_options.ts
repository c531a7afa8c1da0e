import { checkOptions, subjects } from "../options.ts";
import type { Wanted } from "../subject/wildcards.ts";
import { Pattern } from "../subject/pattern.ts";
import { isToken } from "../subject/subject.ts";

/**
 * What a program uses besides its broker's subscribers and publishers: subjects, wildcards, or patterns such as
 * `"orders.{id}"`.
 */
export interface PermissionsOptions {
  /**
   * Where the program sends to with `publish()`, `request()` and every other method that takes a subject. @default {[]}
   */
  readonly publish?: readonly string[];
  /**
   * The inboxes of the services on which the program opens sessions and streams, as in `["_DESK.>"]`; the inboxes of
   * its own callers belong in the broker's `answersTo`.
   *
   * @default {[]}
   */
  readonly sessions?: readonly string[];
  /**
   * What else the program subscribes to, each with or without a queue group: `"rooms.*"`, `"jobs workers"`. @default
   * {[]}
   */
  readonly subscribe?: readonly string[];
}

/** The options, with each pattern as a wildcard for the server. */
export interface PermissionsSettings {
  readonly publish: readonly string[];
  readonly sessions: readonly string[];
  readonly subscribe: readonly Wanted[];
}

const ACTION = "tell the permissions";

/**
 * Checks the options and reads their patterns.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for an invalid subject
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
