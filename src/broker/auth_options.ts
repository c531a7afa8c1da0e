import { type Auth, type AuthSource, checkAuth } from "../connection/auth.ts";
import type { Credentials } from "../connection/servers.ts";

/** Every option that can give credentials. */
interface Given {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly auth?: Auth | AuthSource;
}

/**
 * The credentials that the options give, in one form.
 *
 * @throws {TypeError} if they are invalid or given in two ways; the message shows no secret
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
