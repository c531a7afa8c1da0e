import { DURATION_FORM, millisecondsOf } from "../../duration.ts";
import { holdsOptions } from "../../options.ts";
import type {
  EmbeddedPermissions,
  EmbeddedServerChanges,
  EmbeddedServerOptions,
  EmbeddedSubjects,
} from "./options.ts";
import { isValidSubject } from "./subject.ts";

/** Options with every default filled in. */
export type Settings =
  & Required<Omit<EmbeddedServerOptions, "token" | "users" | Timed>>
  & Readonly<Record<Timed, number>>
  & Pick<EmbeddedServerOptions, "token" | "users">;

/** The options that are durations. */
type Timed = "pingInterval" | "authTimeout";

const MAX_DELAY = 2 ** 31 - 1;
const MAX_SIZE = 2 ** 30;
const MAX_PORT = 65_535;

const DEFAULTS = {
  port: 0,
  hostname: "127.0.0.1",
  listen: true,
  webSocket: false,
  maxPayload: 1024 * 1024,
  maxPending: 64 * 1024 * 1024,
  maxSubscriptions: 1_000_000,
  maxConnections: 65_536,
  pingInterval: 120_000,
  authTimeout: 2_000,
  headers: true,
  jetstream: true,
  time: "real",
} as const;

const MAX_MEMORY = 256 * 1024 * 1024;

/** The least and the greatest number each option takes. */
const RANGES = {
  port: [0, MAX_PORT],
  maxPayload: [1, MAX_SIZE],
  maxPending: [1, MAX_SIZE],
  maxSubscriptions: [1, MAX_SIZE],
  maxConnections: [1, MAX_SIZE],
  pingInterval: [1, MAX_DELAY],
  authTimeout: [1, MAX_DELAY],
} as const;

/** Fills in the defaults; throws a `TypeError` or a `RangeError` that names what is wrong. */
export function checkOptions(options: EmbeddedServerOptions): Settings {
  // anything else has no entries, and would start a server that everyone may use
  if (!holdsOptions(options)) refuse("options must be an object", typeof options);
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(DEFAULTS, key) && key !== "token" && key !== "users") {
      refuse("every option must be known", key);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, isTimedText(key, value) ? timed(key, value) : value]);
  const settings: Settings = { ...DEFAULTS, ...Object.fromEntries(given) };
  for (const [key, value] of Object.entries(DEFAULTS)) {
    const actual: unknown = settings[key as keyof typeof DEFAULTS];
    if (key === "webSocket" && isWebSocketPort(actual)) continue;
    if (key === "jetstream" && holdsOptions(actual)) continue;
    if (typeof actual !== typeof value) refuse(`\`${key}\` must be a ${typeof value}`, actual);
  }
  for (const [key, [least, greatest]] of Object.entries(RANGES)) {
    const value = settings[key as keyof typeof RANGES];
    if (Number.isInteger(value) && value >= least && value <= greatest) continue;
    const range = `\`${key}\` must be a whole number from ${least} to ${greatest}`;
    throw new RangeError(sentence(range, value));
  }
  checkMemory(settings);
  checkAccess(settings);
  checkTime(settings);
  return settings;
}

function isTimedText(key: string, value: unknown): value is string {
  return (key === "pingInterval" || key === "authTimeout") && typeof value === "string";
}

function timed(key: string, text: string): number {
  return millisecondsOf(text) ?? refuse(`\`${key}\` must be ${DURATION_FORM}`, text);
}

/** How many bytes streams may hold; `undefined` where there are none. */
export function streamMemory({ jetstream }: Settings): number | undefined {
  if (typeof jetstream === "boolean") return jetstream ? MAX_MEMORY : undefined;
  return jetstream.maxMemory ?? MAX_MEMORY;
}

const CHANGEABLE = ["users", "token", "maxPayload", "maxConnections", "authTimeout"];

/** The options of a running server with some changes; throws as {@linkcode checkOptions} does. */
export function changedOptions(settings: Settings, changes: EmbeddedServerChanges): Settings {
  const fixed = Object.keys(changes).find((key) => !CHANGEABLE.includes(key));
  if (fixed !== undefined) {
    const rule = `a change must be one of ${CHANGEABLE.join(", ")}`;
    throw new TypeError(`Cannot update the embedded server as ${rule}: ${JSON.stringify(fixed)}`);
  }
  return checkOptions({ ...settings, ...changes } as EmbeddedServerOptions);
}

function isWebSocketPort(value: unknown): value is { readonly port: number } {
  if (typeof value !== "object" || value === null || !("port" in value)) return false;
  const { port } = value;
  return typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
}

function checkMemory(settings: Settings): void {
  const { jetstream } = settings;
  if (typeof jetstream === "boolean") return;
  const unknown = Object.keys(jetstream).find((key) => key !== "maxMemory");
  if (unknown !== undefined) refuse("every option of `jetstream` must be known", unknown);
  const memory = streamMemory(settings)!;
  if (Number.isSafeInteger(memory) && memory >= 1) return;
  throw new RangeError(sentence("`jetstream.maxMemory` must be a whole number from 1", memory));
}

function checkAccess({ maxPayload, maxPending, listen, webSocket, token, users }: Settings): void {
  if (maxPayload > maxPending) {
    throw new RangeError(sentence("`maxPayload` must not exceed `maxPending`", maxPayload));
  }
  if (webSocket && !listen) refuse("`webSocket` needs `listen`", listen);
  if (token !== undefined && (typeof token !== "string" || token === "")) {
    refuse("`token` must be a string that is not empty", token);
  }
  if (token !== undefined && users) refuse("`token` and `users` exclude each other", token);
  const names = new Set<string>();
  for (const { user, password, permissions } of users ?? []) {
    if (typeof user !== "string" || user === "") refuse("a user must have a name", user);
    if (names.has(user)) refuse("user names must differ", user);
    names.add(user);
    if (typeof password !== "string") refuse(`user "${user}" must have a password`, password);
    checkSubjects(permissions?.publish, false);
    checkSubjects(permissions?.subscribe, true);
    checkResponses(permissions?.allowResponses);
  }
}

function checkResponses(responses: EmbeddedPermissions["allowResponses"]): void {
  if (responses === undefined || typeof responses === "boolean") return;
  if (!holdsOptions(responses)) {
    refuse("`allowResponses` must be a boolean or an object", responses);
  }
  const unknown = Object.keys(responses).find((key) => key !== "max" && key !== "expires");
  if (unknown !== undefined) refuse("every option of `allowResponses` must be known", unknown);
  const { max = 1, expires = -1 } = responses;
  if (!Number.isSafeInteger(max) || max < -1) {
    refuse("`allowResponses.max` must be a whole number, or -1 for any number", max);
  }
  if (expires !== -1 && millisecondsOf(expires) === undefined) {
    refuse(`\`allowResponses.expires\` must be ${DURATION_FORM}, or -1 for ever`, expires);
  }
}

function checkTime({ time, listen }: Settings): void {
  if (time !== "real" && time !== "moved") refuse('`time` must be "real" or "moved"', time);
  // timers would fire before what is on its way through a socket has arrived
  if (time === "moved" && listen) {
    refuse('`time` can be "moved" in memory only, with `listen: false`', listen);
  }
}

function checkSubjects(subjects: EmbeddedSubjects | undefined, queues: boolean): void {
  if (!subjects) return;
  const { allow, deny } = split(subjects);
  // a test that relies on it would pass here, and in production every client could do everything
  if (allow?.length === 0) {
    refuse(
      'a list must not be empty, which is everything to nats-server (nothing is `deny: [">"]`)',
      allow,
    );
  }
  for (const entry of [...allow ?? [], ...deny ?? []]) {
    const parts = typeof entry === "string" ? entry.split(" ") : [];
    if (parts.length < 1 || parts.length > (queues ? 2 : 1) || !parts.every(isValidSubject)) {
      refuse("permissions must name valid subjects", entry);
    }
  }
}

/** Both ways of writing subjects as one. */
export function split(
  subjects: EmbeddedSubjects | undefined,
): { readonly allow?: readonly string[]; readonly deny?: readonly string[] } {
  if (!subjects) return {};
  return "length" in subjects ? { allow: subjects } : subjects;
}

function sentence(rule: string, value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return `Cannot start the embedded server as ${rule}: ${shown}`;
}

function refuse(rule: string, value: unknown): never {
  throw new TypeError(sentence(rule, value));
}
