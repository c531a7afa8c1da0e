import { newToken } from "../inbox/token.ts";
import { checkOptions, type Rule } from "../options.ts";

/** What a broker says it is when it is looked for, by `nats micro ls` for instance (ADR-32). */
export interface ServiceOptions {
  /** The kind of the service, the same for all its instances: letters, digits, `-` and `_`. */
  readonly name: string;
  /** The version of the service, as semver.org has it: `"1.4.0"`. */
  readonly version: string;
  /** What the service is for, in words. @default {""} */
  readonly description?: string;
  /** Whatever else is to be known of the service; no key may begin with `_nats`. @default {{}} */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What tells this instance from the others: letters, digits, `-` and `_`. @default {a fresh random token} */
  readonly id?: string;
}

/** The options, checked and with their defaults filled in. */
export type ServiceSettings = Required<ServiceOptions>;

const ACTION = "make a service";
const NAME = /^[A-Za-z0-9_-]{1,255}$/;
/** The one that semver.org suggests. */
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
 * Checks every option and fills in the defaults; what is changed in the options later does not reach the service.
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

/** Options that are not there are passed over where the others are checked. */
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
