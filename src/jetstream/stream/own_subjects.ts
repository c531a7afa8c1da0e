import { covers, overlap } from "../../door/mod.ts";
import type { StreamConfig } from "../api/api_types.ts";

/** The first token of this package's own subjects. */
const FIRST = "_SIGNALBOX";

/** The metadata of a work queue that say how its jobs exclude each other. */
export const UNIQUE_MARK = "signalbox-unique";
/** The `unique` of a queue whose jobs leave their subject once a handler takes them. */
export const MOVED = "while-queued";

/** The part of a stream's configuration that decides whether it has this package's own subjects. */
type Config = Partial<StreamConfig> & { readonly name: string };

/** This package's own subjects in a stream, besides those of the program: `_SIGNALBOX.<STREAM>.>`. */
export function ownSubjects(stream: string): string {
  return `${FIRST}.${stream}.>`;
}

/** The subject of a schedule with this name, which must be one token. */
export function scheduleSubject(stream: string, name: string): string {
  return `${FIRST}.${stream}.schedule.${name}`;
}

/** The filter of all named schedules. */
export function schedulesFilter(stream: string): string {
  return scheduleSubject(stream, "*");
}

/** The subject of a probe: a schedule that only shows that the schedules before it have fired. */
export function probeSubject(stream: string, token: string): string {
  return `${FIRST}.${stream}.probe.${token}`;
}

/** The target of schedules whose message nobody needs; it holds one message at most. */
export function endedSubject(stream: string): string {
  return `${FIRST}.${stream}.ended`;
}

/** The subject of a schedule that delivers a message to a consumer again; `token` names the message. */
export function retrySubject(stream: string, consumer: string, token: string): string {
  return `${FIRST}.${stream}.retry.${consumer}.${token}.next`;
}

/** The subject of a consumer's own message: `token` names the message, `attempt` counts its attempts. */
export function privateSubject(
  stream: string,
  consumer: string,
  token: string,
  attempt: number,
): string {
  return `${FIRST}.${stream}.for.${consumer}.${token}.${attempt}`;
}

/**
 * The filter of a consumer's own messages: all of them, those that wait for their time (`retry`), or those that are due
 * (`for`).
 */
export function privateFilter(
  stream: string,
  consumer: string,
  { kind = "*", token = "*" }: {
    readonly kind?: "*" | "retry" | "for";
    readonly token?: string;
  } = {},
): string {
  return `${FIRST}.${stream}.${kind}.${consumer}.${token}.*`;
}

/** Whether a subject is one of this package's own, in this stream or, without `stream`, in any. */
export function isOwnSubject(subject: string, stream?: string): boolean {
  if (!subject.startsWith(FIRST)) return false;
  return subject.startsWith(stream === undefined ? `${FIRST}.` : `${FIRST}.${stream}.`);
}

/** Whether a program's pattern lies within this package's own subjects, with any values of its parameters. */
export function isOwnPattern(pattern: string): boolean {
  return pattern === FIRST || pattern.startsWith(`${FIRST}.`);
}

/**
 * Refuses a subject that this package reserves.
 *
 * @throws {TypeError}
 */
export function refuseOwn(action: string, subject: string): void {
  if (!isOwnPattern(subject)) return;
  const rule = `subjects that begin with "${FIRST}" are this package's own`;
  throw new TypeError(`Cannot ${action} as ${rule}: "${subject}"`);
}

/** Whether a stream has this package's own subjects. */
export function hasOwnSubjects({ name, subjects = [] }: Config): boolean {
  return subjects.some((each) => covers(each, ownSubjects(name)));
}

/** The subjects of a stream without this package's own. */
export function programSubjects<Subject extends string>(
  subjects: readonly Subject[] = [],
): readonly Subject[] {
  return subjects.some(isOwnPattern) ? subjects.filter((one) => !isOwnPattern(one)) : subjects;
}

/** Whether a stream needs this package's own subjects: for schedules, or for jobs that leave their subject. */
export function wantsOwnSubjects(
  { allow_msg_schedules, metadata }: Partial<StreamConfig>,
): boolean {
  return allow_msg_schedules === true || metadata?.[UNIQUE_MARK] === MOVED;
}

/**
 * Adds this package's own subjects to a configuration that needs them, if there is room. A mirror has no subjects; subjects
 * or a transform of the program that overlap them leave no room.
 */
export function withOwnSubjects<Known extends Config>(config: Known): Known {
  const { name, mirror, sources = [], subject_transform } = config;
  if (!wantsOwnSubjects(config) || mirror) return config;
  const own = ownSubjects(name);
  if (subject_transform && overlap(subject_transform.src || ">", own)) return config;
  // without subjects and sources, the server gives a stream its name as its only subject
  const { subjects = sources.length > 0 ? [] : [name] } = config;
  const usual = subjects.length === 0 && sources.length === 0 ? [name] : subjects;
  return usual.some((one) => overlap(one, own)) ? config : { ...config, subjects: [...usual, own] };
}
