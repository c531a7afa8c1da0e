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
import { asError } from "../legible.ts";
import { callable, checkOptions, secret, text } from "../options.ts";
import { isThenable } from "../promises.ts";
import type { Credentials } from "./servers.ts";

/** One way to authenticate: its own properties, and none of another way. */
export type AuthWay<Own extends object> =
  & Readonly<Own>
  & {
    readonly [
      Other in Exclude<
        "user" | "password" | "token" | "seed" | "nkey" | "jwt" | "sign" | "creds" | "credsFile",
        keyof Own
      >
    ]?: never;
  };

/**
 * Signs the server's nonce: returns the 64 bytes of an Ed25519 signature. The client answers the server in the same
 * turn, so the function must not return a promise.
 */
export type Sign = (nonce: Uint8Array) => Uint8Array;

/**
 * The credentials of a broker, in one of these ways: a user, with a password or without; a token; the seed of a user's
 * NKey, "SU…", which never leaves this process; its public key, "U…", if the function holds the seed; a user's JWT, with
 * a seed or a function that signs for it, or alone if it is a bearer token; the text of a `.creds` file; the path of
 * one, read before every connect, which needs `--allow-read`.
 */
export type Auth =
  | AuthWay<{ user: string; password?: string }>
  | AuthWay<{ token: string }>
  | AuthWay<{ seed: string }>
  | AuthWay<{ nkey: string; sign: Sign }>
  | AuthWay<{ jwt: string; seed?: string }>
  | AuthWay<{ jwt: string; sign: Sign }>
  | AuthWay<{ creds: string }>
  | AuthWay<{ credsFile: string }>;

/** A function that the broker calls before every connect and reconnect, so that it uses changed credentials. */
export type AuthSource = () => Auth | Promise<Auth>;

/** The properties of each kind of credentials, sorted and joined by blanks. */
const KINDS: readonly string[] = [
  "user",
  "password user",
  "token",
  "seed",
  "nkey sign",
  "jwt",
  "jwt seed",
  "jwt sign",
  "creds",
  "credsFile",
];

const RULES = {
  user: text,
  password: secret,
  token: secret,
  seed: secret,
  nkey: secret,
  jwt: secret,
  // the value may be a seed passed by mistake, which must not be shown
  sign: () => undefined,
  creds: secret,
  credsFile: secret,
};

/**
 * Checks credentials without a server; no error message shows a secret.
 *
 * @throws {TypeError} naming the property that is wrong
 */
export function checkAuth(action: string, auth: unknown): asserts auth is Auth {
  if (typeof auth !== "object" || auth === null) {
    const found = auth === null ? "null" : typeof auth;
    throw new TypeError(`Cannot ${action} as "auth" must be an object, or a function: ${found}`);
  }
  checkOptions(action, auth, RULES);
  const given = Object.entries(auth).filter(([, value]) => value !== undefined).map(([key]) => key);
  if (!KINDS.includes(given.sort().join(" "))) {
    throw new TypeError(
      `Cannot ${action} as "auth" must be one way alone, ${sentenceOfKinds()}: { ${
        given.join(", ")
      } }`,
    );
  }
  for (const key of given) {
    const [holds, rule] = CHECKS[key] ?? [];
    if (!holds || holds((auth as Record<string, unknown>)[key] as string)) continue;
    throw new TypeError(`Cannot ${action} as "${key}" must be ${rule}`);
  }
}

const CHECKS: Readonly<Record<string, [holds: (value: string) => unknown, rule: string]>> = {
  seed: [isSeed, "the seed of a user's NKey, SU…"],
  nkey: [isUserKey, "the public key of a user's NKey, U…"],
  jwt: [isJwt, "a JWT"],
  sign: [(value: unknown) => typeof value === "function", "a function"],
  creds: [partsOf, "the text of a .creds file"],
  // a text given as the path would appear in the error about a missing file
  credsFile: [(value) => !/[\r\n]/.test(value), "the path of a .creds file"],
};

/** The JWT and the seed of a `.creds` file, with any line ends; `undefined` if one is missing. */
function partsOf(creds: string): Auth | undefined {
  const [jwt, seed] = [...creds.matchAll(/---\s*\n\s*([\w.-]+)\s*\n\s*---/g)].map(([, part]) =>
    part
  );
  return jwt && seed && isJwt(jwt) && isSeed(seed) ? { jwt, seed } : undefined;
}

/** A seed as bytes, as the client wants it. */
function bytesOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

function sentenceOfKinds(): string {
  return KINDS.map((kind) => `{ ${kind.split(" ").join(", ")} }`).join(", ");
}

function isSeed(text: string): boolean {
  try {
    return text.startsWith("SU") && nkeys.fromSeed(bytesOf(text)) !== undefined;
  } catch {
    return false;
  }
}

function isUserKey(text: string): boolean {
  try {
    return text.startsWith("U") && nkeys.fromPublic(text) !== undefined;
  } catch {
    return false;
  }
}

function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

const ACTION = "connect";
/** The length of an Ed25519 signature in bytes. */
const SIGNATURE = 64;

/** The credentials for the server: fixed, or read again before every dial. */
export class CredentialRefresher {
  readonly #source: Auth | AuthSource | undefined;
  #authenticator: Authenticator | undefined;

  constructor(source: Auth | AuthSource | undefined) {
    this.#source = source;
    if (source !== undefined && !this.isDynamic) {
      this.#authenticator = authenticatorOf(source as Auth);
    }
  }

  /** Whether the credentials come from a function or a file, to read before a dial. */
  get isDynamic(): boolean {
    return typeof this.#source === "function" || this.#source?.credsFile !== undefined;
  }

  /**
   * Reads the credentials again; keeps the old ones if that fails.
   *
   * @throws {ConnectionError} if the result is missing, invalid or late
   */
  async refresh(patience: Patience): Promise<void> {
    const reading = Promise.try(() => this.#read());
    try {
      this.#authenticator = authenticatorOf(await within(reading, patience, "get the credentials"));
    } catch (thrown) {
      const cause = asError(thrown, "it threw");
      if (cause instanceof ConnectionError) throw cause;
      if (cause instanceof TimeoutError) {
        throw new ConnectionError(cause.message, "timeout", { cause });
      }
      throw credentialError("the credentials must be available", cause.message, cause);
    }
  }

  /** Answers the server's nonce in the same turn. */
  readonly authenticator: Authenticator = (nonce) => this.#authenticator?.(nonce);

  async #read(): Promise<Auth> {
    const source = this.#source;
    const auth: unknown = typeof source === "function" ? await source() : source;
    if (typeof auth !== "object" || auth === null) {
      const found = auth === null ? "null" : typeof auth;
      throw credentialError('the function "auth" must give an object', found, undefined);
    }
    assertUsable(auth);
    if (auth.credsFile === undefined) return auth;
    const creds = await Deno.readTextFile(auth.credsFile);
    assertUsable({ creds });
    return { creds };
  }
}

function assertUsable(auth: unknown): asserts auth is Auth {
  try {
    checkAuth(ACTION, auth);
  } catch (cause) {
    throw new ConnectionError((cause as Error).message, "authorization", { cause });
  }
}

function authenticatorOf(auth: Auth): Authenticator {
  // the client's own parser of such a file requires a line end at its end and no carriage returns
  const given = auth.creds === undefined ? auth : partsOf(auth.creds)!;
  const { user, password, token, seed, nkey, jwt, sign } = given;
  if (token !== undefined) return tokenAuthenticator(token);
  if (user !== undefined) return usernamePasswordAuthenticator(user, password);
  if (sign) {
    const identity = jwt === undefined ? { nkey: nkey! } : { jwt };
    return (nonce) => ({ ...identity, sig: nonce ? signatureOf(sign, nonce) : "" });
  }
  if (jwt === undefined) return nkeyAuthenticator(bytesOf(seed!));
  return seed === undefined ? jwtAuthenticator(jwt) : jwtAuthenticator(jwt, bytesOf(seed));
}

function signatureOf(sign: Sign, nonce: string): string {
  let signature: unknown;
  try {
    signature = sign(bytesOf(nonce));
  } catch (thrown) {
    const cause = asError(thrown, "it threw");
    throw credentialError(`"sign" must sign the server's nonce`, cause.message, cause);
  }
  if (signature instanceof Uint8Array && signature.length === SIGNATURE) {
    return nkeys.encode(signature);
  }
  // an async `sign` may reject, which would be an unhandled rejection
  if (isThenable(signature)) Promise.resolve(signature).catch(() => {});
  const found = Object.prototype.toString.call(signature);
  throw credentialError(`"sign" must give ${SIGNATURE} bytes`, found, undefined);
}

function credentialError(rule: string, found: unknown, cause: unknown): ConnectionError {
  return new ConnectionError(`Cannot ${ACTION} as ${rule}: ${found}`, "authorization", { cause });
}

/** What the options of other clients are called. */
const ELSEWHERE = ["user", "pass", "password", "token", "authenticator"];

/**
 * Checks that credentials are where they belong.
 *
 * @throws {TypeError} naming the option that is not
 */
export function checkPlace(action: string, options: object): void {
  const option = ELSEWHERE.find((name) => Object.hasOwn(options, name));
  if (option === undefined) return;
  const rule = `credentials must be in "auth", such as { auth: { user, password } }`;
  throw new TypeError(`Cannot ${action} as ${rule}: "${option}"`);
}

/**
 * The credentials of the URL or the option.
 *
 * @throws {TypeError} if they are invalid, or given in both; the message shows no secret
 */
export function authSettings(
  action: string,
  inUrl: Credentials,
  auth: Auth | AuthSource | undefined,
): Auth | AuthSource | undefined {
  const isInUrl = Object.keys(inUrl).length > 0;
  if (auth === undefined) return isInUrl ? inUrl as Auth : undefined;
  if (isInUrl) {
    throw new TypeError(
      `Cannot ${action} as credentials must be given one way: in the URL, or in "auth"`,
    );
  }
  if (callable(auth) !== undefined) checkAuth(action, auth);
  return auth;
}
