import { newToken } from "../subject/subject.ts";
import { checkOptions, type Rule } from "../options.ts";

/** How a broker describes itself to service discovery (ADR-32), such as `nats micro ls`. */
export interface ServiceOptions {
  /** The kind of the service, the same for all its instances: letters, digits, `-` and `_`. */
  readonly name: string;
  /** The version of the service, as semver.org defines it: `"1.4.0"`. */
  readonly version: string;
  /** What the service is for, in words. @default {""} */
  readonly description?: string;
  /** Further facts about the service; no key may begin with `_nats`. @default {{}} */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The id of this instance: letters, digits, `-` and `_`. @default {a fresh random token} */
  readonly id?: string;
}

/** The options, checked and with their defaults filled in. */
export type ServiceSettings = Required<ServiceOptions>;

const ACTION = "make a service";
const NAME = /^[A-Za-z0-9_-]{1,255}$/;
/** The pattern that semver.org suggests. */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

const name: Rule = (value) =>
  typeof value === "string" && NAME.test(value)
    ? undefined
    : `1 to 255 letters, digits, "-" and "_"`;
const version: Rule = (value) =>
  typeof value === "string" && VERSION.test(value) ? undefined : `a version such as "1.4.0"`;
const text: Rule = (value) => typeof value === "string" ? undefined : "text";
const metadata: Rule = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "an object";

const RULES = { name, version, description: text, metadata, id: name };

/**
 * Checks every option, fills in the defaults and copies them, so that later changes do not reach the service.
 *
 * @throws {TypeError} naming the first option that is missing, unknown or wrong
 */
export function serviceSettings(options: ServiceOptions): ServiceSettings {
  checkOptions(ACTION, options ?? null, RULES);
  checkThere("name", options.name);
  checkThere("version", options.version);
  const { description = "", metadata = {}, id = newToken() } = options;
  for (const [key, value] of Object.entries(metadata)) checkMetadata(key, value);
  return { ...options, description, metadata: Object.freeze({ ...metadata }), id };
}

/** Checks the required options, as the check of the others skips missing ones. */
function checkThere(key: "name" | "version", value: unknown): void {
  if (value !== undefined) return;
  throw new TypeError(`Cannot ${ACTION} as "${key}" must be ${RULES[key](value)}: undefined`);
}

function checkMetadata(key: string, value: unknown): void {
  if (key.startsWith("_nats")) {
    throw new TypeError(
      `Cannot ${ACTION} as a key of "metadata" must not begin with "_nats": "${key}"`,
    );
  }
  if (typeof value === "string") return;
  throw new TypeError(`Cannot ${ACTION} as "metadata.${key}" must be text: ${typeof value}`);
}
