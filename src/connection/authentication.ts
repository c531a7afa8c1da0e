import {
  type Authenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  nkeys,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-deno";
import { type Patience, within } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import { isThenable } from "../thenable.ts";
import { type Auth, type AuthSource, bytesOf, checkAuth, partsOf } from "./auth.ts";

const ACTION = "connect";
/** The length of an Ed25519 signature in bytes. */
const SIGNATURE = 64;

/** The credentials for the server, given once, or read again before every dial. */
export class Authentication {
  readonly #source: Auth | AuthSource | undefined;
  #answer: Authenticator | undefined;

  constructor(source: Auth | AuthSource | undefined) {
    this.#source = source;
    if (source !== undefined && !this.isAsked) this.#answer = authenticatorOf(source as Auth);
  }

  /** Whether the credentials come from a function or a file, to read before a dial. */
  get isAsked(): boolean {
    return typeof this.#source === "function" || this.#source?.credsFile !== undefined;
  }

  /**
   * Reads the credentials again; keeps the old ones if that fails.
   *
   * @throws {ConnectionError} if the result is missing, invalid or late
   */
  async refresh(patience: Patience): Promise<void> {
    const asked = Promise.try(() => this.#ask());
    try {
      this.#answer = authenticatorOf(await within(asked, patience, "get the credentials"));
    } catch (cause) {
      if (cause instanceof ConnectionError) throw cause;
      if (cause instanceof TimeoutError) {
        throw new ConnectionError(cause.message, "timeout", { cause });
      }
      throw fault("the credentials must be at hand", (cause as Error)?.message ?? cause, cause);
    }
  }

  /** Answers the nonce of a server, in the same turn. */
  readonly answer: Authenticator = (nonce) => this.#answer?.(nonce);

  async #ask(): Promise<Auth> {
    const source = this.#source;
    const auth: unknown = typeof source === "function" ? await source() : source;
    usable(auth);
    if (auth.credsFile === undefined) return auth;
    const creds = await Deno.readTextFile(auth.credsFile);
    usable({ creds });
    return { creds };
  }
}

function usable(auth: unknown): asserts auth is Auth {
  try {
    checkAuth(ACTION, auth);
  } catch (cause) {
    throw new ConnectionError((cause as Error).message, "authorization", { cause });
  }
}

function authenticatorOf({ creds, ...auth }: Auth): Authenticator {
  // the client's own reader of such a file wants a line's end at its end, and no carriage returns
  const { user, password, token, seed, nkey, jwt, sign }: Auth = creds ? partsOf(creds)! : auth;
  if (token !== undefined) return tokenAuthenticator(token);
  if (user !== undefined) return usernamePasswordAuthenticator(user, password);
  if (sign) {
    const who = jwt === undefined ? { nkey: nkey! } : { jwt };
    return (nonce) => ({ ...who, sig: nonce ? signatureOf(sign, nonce) : "" });
  }
  if (jwt === undefined) return nkeyAuthenticator(bytesOf(seed!));
  return seed === undefined ? jwtAuthenticator(jwt) : jwtAuthenticator(jwt, bytesOf(seed));
}

function signatureOf(sign: (nonce: Uint8Array) => Uint8Array, nonce: string): string {
  let signature: unknown;
  try {
    signature = sign(bytesOf(nonce));
  } catch (cause) {
    throw fault(`"sign" must sign the server's nonce`, (cause as Error)?.message ?? cause, cause);
  }
  if (signature instanceof Uint8Array && signature.length === SIGNATURE) {
    return nkeys.encode(signature);
  }
  // an async `sign` may reject, and nobody awaits it
  if (isThenable(signature)) Promise.resolve(signature).catch(() => {});
  const found = Object.prototype.toString.call(signature);
  throw fault(`"sign" must give ${SIGNATURE} bytes`, found, undefined);
}

function fault(rule: string, found: unknown, cause: unknown): ConnectionError {
  return new ConnectionError(`Cannot ${ACTION} as ${rule}: ${found}`, "authorization", { cause });
}
