import { covers, overlap } from "../../door/mod.ts";
import type { StreamConfig } from "../api/api_types.ts";

/** The first token of every subject of ours. */
const FIRST = "_SIGNALBOX";

/** Where a stream's metadata say how its jobs exclude each other. */
export const UNIQUE_MARK = "signalbox-unique";
/** The way in which a job leaves its subject once a handler takes it. */
export const MOVED = "while-queued";

/** A stream's configuration, as far as it decides whether subjects of ours are in it. */
type Config = Partial<StreamConfig> & { readonly name: string };

/** The subjects that this package has in a stream for itself, beside those of the program: `_SIGNALBOX.<STREAM>.>`. */
export function ownSubjects(stream: string): string {
  return `${FIRST}.${stream}.>`;
}

/** Under which subject a schedule stands, by its name; the name must be one token. */
export function scheduleSubject(stream: string, name: string): string {
  return `${FIRST}.${stream}.schedule.${name}`;
}

/** The subjects of all schedules that have names. */
export function schedulesFilter(stream: string): string {
  return scheduleSubject(stream, "*");
}

/** Under which subject a schedule stands that only shows that the schedules before it have fired. */
export function probeSubject(stream: string, token: string): string {
  return `${FIRST}.${stream}.probe.${token}`;
}

/** The subject of what comes of a schedule that is to give nothing: one message is there at most. */
export function endedSubject(stream: string): string {
  return `${FIRST}.${stream}.ended`;
}

/** Under which subject a schedule stands that gives a consumer a message again; `token` names the message. */
export function retrySubject(stream: string, consumer: string, token: string): string {
  return `${FIRST}.${stream}.retry.${consumer}.${token}.next`;
}

/** The subject of a message that is for one consumer alone: `token` names the message, `attempt` is how often it was tried. */
export function privateSubject(
  stream: string,
  consumer: string,
  token: string,
  attempt: number,
): string {
  return `${FIRST}.${stream}.for.${consumer}.${token}.${attempt}`;
}

/** What a consumer has stored for itself alone: everything, what waits for its time, or what is due. */
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

/** Whether a subject is one of ours: in this stream, or, without one, in any. */
export function isOwnSubject(subject: string, stream?: string): boolean {
  if (!subject.startsWith(FIRST)) return false;
  return subject.startsWith(stream === undefined ? `${FIRST}.` : `${FIRST}.${stream}.`);
}

/** Whether a pattern of a program is within subjects of ours, with any values of its parameters. */
export function isOwnPattern(pattern: string): boolean {
  return pattern === FIRST || pattern.startsWith(`${FIRST}.`);
}

/**
 * Refuses a subject of ours to a program.
 *
 * @throws {TypeError}
 */
export function refuseOwn(action: string, subject: string): void {
  if (!isOwnPattern(subject)) return;
  const rule = `subjects that begin with "${FIRST}" are this package's own`;
  throw new TypeError(`Cannot ${action} as ${rule}: "${subject}"`);
}

/** Whether a stream has subjects of ours. */
export function hasOwnSubjects({ name, subjects = [] }: Config): boolean {
  return subjects.some((each) => covers(each, ownSubjects(name)));
}

/** A stream's subjects, as a program knows them. */
export function programSubjects<Subject extends string>(
  subjects: readonly Subject[] = [],
): readonly Subject[] {
  return subjects.some(isOwnPattern) ? subjects.filter((one) => !isOwnPattern(one)) : subjects;
}

/** Whether subjects of ours are wanted: for messages that are scheduled, or for jobs that a handler has taken. */
export function wantsOwnSubjects(
  { allow_msg_schedules, metadata }: Partial<StreamConfig>,
): boolean {
  return allow_msg_schedules === true || metadata?.[UNIQUE_MARK] === MOVED;
}

/**
 * A configuration with subjects of ours beside the program's, where they are wanted and there is room for them: a mirror has no subjects, and what overlaps ours, or changes ours, leaves no room.
 */
export function withOwnSubjects<Known extends Config>(config: Known): Known {
  const { name, mirror, sources = [], subject_transform } = config;
  if (!wantsOwnSubjects(config) || mirror) return config;
  const own = ownSubjects(name);
  if (subject_transform && overlap(subject_transform.src || ">", own)) return config;
  // the server names a stream's only subject after it, unless others are named
  const { subjects = sources.length > 0 ? [] : [name] } = config;
  const usual = subjects.length === 0 && sources.length === 0 ? [name] : subjects;
  return usual.some((one) => overlap(one, own)) ? config : { ...config, subjects: [...usual, own] };
}
