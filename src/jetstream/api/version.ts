import { UnavailableError } from "./errors.ts";
import type { JetStreamApi } from "./js_api.ts";

/** Whether a version is the needed one or a later one; an unknown version may be anything. */
export function isSince(version: string, needed: string): boolean {
  const [major = NaN, minor = NaN] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [neededMajor = 0, neededMinor = 0] = needed.split(".").map(Number);
  if (Number.isNaN(major) || Number.isNaN(minor)) return true;
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/**
 * Checks that the server knows what is asked for, as an older one would ignore it without a word.
 *
 * @throws {UnavailableError} with the version that is needed
 */
export function requireVersion(
  { access, domain }: JetStreamApi,
  action: string,
  needed: string,
  what: string,
): void {
  const found = access.serverVersion();
  // the server of another domain may have another version
  if (domain !== undefined || isSince(found, needed)) return;
  const rule = `${what} must be known to the server, since nats-server ${needed}: ${found}`;
  throw new UnavailableError(action, rule, undefined, { needs: needed });
}
