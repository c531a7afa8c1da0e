import { UnavailableError } from "./errors.ts";
import type { JetStreamApi } from "./js_api.ts";

/** Whether a version is at least the needed one; an unknown version counts as recent enough. */
export function isSince(version: string, needed: string): boolean {
  const [major = NaN, minor = NaN] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [neededMajor = 0, neededMinor = 0] = needed.split(".").map(Number);
  if (Number.isNaN(major) || Number.isNaN(minor)) return true;
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/**
 * Checks the server's version: an older server silently ignores what it does not know.
 *
 * @throws {UnavailableError} with the needed version
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
