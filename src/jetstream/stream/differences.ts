import type { StreamConfig } from "../api/api_types.ts";
import type { Difference } from "../api/errors.ts";
import { programSubjects } from "./own_subjects.ts";

type Named = Readonly<Record<string, unknown>>;

/** What cannot be changed once a stream exists. */
const FIXED: ReadonlySet<string> = new Set([
  ...["storage", "mirror", "first_seq", "persist_mode", "allow_msg_counter"],
]);
/** What cannot be taken back once it is `true`. */
const LASTING: ReadonlySet<string> = new Set([
  ...["sealed", "deny_delete", "deny_purge", "allow_msg_ttl", "allow_msg_schedules"],
]);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * The fields that a declaration names and that the server has otherwise. Fields that it does not name are no difference,
 * and neither are this package's own subjects.
 */
export function differencesOf(declared: Partial<StreamConfig>, found: StreamConfig): Difference[] {
  const has: Named = { ...found, subjects: programSubjects(found.subjects) };
  return Object.entries(declared).filter(([field, value]) =>
    value !== undefined && !holds(has[field], value)
  ).map(([field, value]) => ({
    field,
    declared: value,
    found: has[field],
    changeable: isChangeable(field, value, has[field]),
  }));
}

/** Whether what the server has holds all that was declared; the server leaves out what is empty, 0 or `false`. */
export function holds(found: unknown, declared: unknown): boolean {
  if (Array.isArray(declared)) return holdsList(found, declared);
  if (typeof declared === "object" && declared !== null) {
    const fields = Object(found) as Named;
    return Object.entries(declared).every(([name, value]) => holds(fields[name], value));
  }
  if (found === undefined || found === null) return isNothing(declared);
  return found === declared || isSameTime(found, declared);
}

/** The server leaves out zeros at the end of a second's fraction. */
function isSameTime(one: unknown, other: unknown): boolean {
  if (typeof one !== "string" || typeof other !== "string") return false;
  return TIME.test(one) && TIME.test(other) && Date.parse(one) === Date.parse(other);
}

/** The order of subjects and tags is no difference. */
function holdsList(found: unknown, declared: readonly unknown[]): boolean {
  const list = Array.isArray(found) ? found : [];
  return list.length === declared.length &&
    declared.every((one) => list.some((other) => holds(other, one)));
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === 0 || value === false || value === "" ||
    value === "none" || value === "default";
}

function isChangeable(field: string, declared: unknown, found: unknown): boolean {
  if (FIXED.has(field)) return false;
  if (LASTING.has(field)) return found !== true;
  return field !== "retention" || (declared !== "workqueue" && found !== "workqueue");
}
