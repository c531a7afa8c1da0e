import type { ConnectRequest } from "./connect_request.ts";
import type { EmbeddedPermissions, EmbeddedUser } from "./options.ts";
import type { Settings } from "./settings.ts";

/** Decides which clients may connect, and with which permissions. */
export class Authorization {
  readonly #token: string | undefined;
  readonly #users: ReadonlyMap<string, EmbeddedUser> | undefined;

  constructor({ token, users }: Pick<Settings, "token" | "users">) {
    this.#token = token;
    this.#users = users?.length ? new Map(users.map((user) => [user.user, user])) : undefined;
  }

  /** Whether a client must authenticate before anything else. */
  get required(): boolean {
    return this.#token !== undefined || this.#users !== undefined;
  }

  /** Whether a user has this name. */
  knows(user: string): boolean {
    return this.#users?.has(user) ?? false;
  }

  /** What the client may do: everything that the permissions do not restrict; `undefined` refuses the client. */
  admit(request: ConnectRequest): EmbeddedPermissions | undefined {
    // clients once could choose an account; nats-server refuses that now
    if (request.account !== "" || request.newAccount) return undefined;
    if (this.#token !== undefined) return request.token === this.#token ? {} : undefined;
    if (!this.#users) return {};
    const user = this.#users.get(request.user);
    return user?.password === request.password ? user.permissions ?? {} : undefined;
  }
}
