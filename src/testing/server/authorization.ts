import type { ConnectRequest } from "./connect_request.ts";
import type { EmbeddedPermissions, EmbeddedUser } from "./options.ts";
import type { Settings } from "./settings.ts";

/** Who is let in, and with which permissions. */
export class Authorization {
  readonly #token: string | undefined;
  readonly #users: ReadonlyMap<string, EmbeddedUser> | undefined;

  constructor({ token, users }: Pick<Settings, "token" | "users">) {
    this.#token = token;
    this.#users = users?.length ? new Map(users.map((user) => [user.user, user])) : undefined;
  }

  /** Must a client say who it is before anything else? */
  get required(): boolean {
    return this.#token !== undefined || this.#users !== undefined;
  }

  /** Is there a user of this name? */
  knows(user: string): boolean {
    return this.#users?.has(user) ?? false;
  }

  /** What the client may do, where nothing said is everything; `undefined` refuses it. */
  admit(request: ConnectRequest): EmbeddedPermissions | undefined {
    // Choosing an account was a feature once; the real server takes it for an attack.
    if (request.account !== "" || request.newAccount) return undefined;
    if (this.#token !== undefined) return request.token === this.#token ? {} : undefined;
    if (!this.#users) return {};
    const user = this.#users.get(request.user);
    return user?.password === request.password ? user.permissions ?? {} : undefined;
  }
}
