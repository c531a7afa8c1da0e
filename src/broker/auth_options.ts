import { type Auth, type AuthSource, checkAuth } from "../connection/auth.ts";
import type { Credentials } from "../connection/servers.ts";

/** Every option by which credentials can be given. */
interface Given {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly auth?: Auth | AuthSource;
}

/**
 * The one way that is given.
 *
 * @throws {TypeError} for what is wrong with it, or for two ways; it tells no secret
 */
export function authSettings(
  action: string,
  inUrl: Credentials,
  { user, password, token, auth }: Given,
): Auth | AuthSource | undefined {
  const named = [Object.keys(inUrl).length > 0, user !== undefined, token !== undefined];
  if ([...named, auth !== undefined].filter(Boolean).length > 1) {
    throw new TypeError(
      `Cannot ${action} as credentials must be given one way: an URL's, user and password, a token, or "auth"`,
    );
  }
  if (password !== undefined && user === undefined) {
    throw new TypeError(`Cannot ${action} as "password" must come with a user: none`);
  }
  if (auth !== undefined) {
    if (typeof auth !== "function") checkAuth(action, auth);
    return auth;
  }
  if (token !== undefined) return { token };
  if (user !== undefined) return password === undefined ? { user } : { user, password };
  return named[0] ? inUrl : undefined;
}
