import { nkeys } from "@nats-io/transport-deno";
import { checkOptions, secret, text } from "../options.ts";

/** The credentials of a broker: exactly one of the kinds below, with only the properties of that kind. */
export interface Auth {
  /** A user, together with `password`. */
  readonly user?: string;
  /** The user's password. */
  readonly password?: string;
  /** A token. */
  readonly token?: string;
  /** The seed of a user's NKey, "SU…"; it never leaves this process. With `jwt` it signs for the JWT. */
  readonly seed?: string;
  /** The public key of a user's NKey, "U…", if `sign` holds the seed. */
  readonly nkey?: string;
  /** A user's JWT: with `seed` or `sign`, or alone if it is a bearer token. */
  readonly jwt?: string;
  /**
   * Signs the server's nonce, for `nkey` or `jwt`, and returns the 64 bytes of an Ed25519 signature. The client answers
   * the server in the same turn, so the function must not return a promise.
   */
  readonly sign?: (nonce: Uint8Array) => Uint8Array;
  /** The text of a `.creds` file: a JWT and its seed. */
  readonly creds?: string;
  /** The path of a `.creds` file, read before every connect; needs `--allow-read`. */
  readonly credsFile?: string;
}

/** A function that the broker calls before every connect and reconnect, so that it uses changed credentials. */
export type AuthSource = () => Auth | Promise<Auth>;

/** The properties of each kind of credentials, sorted and joined by blanks. */
const WAYS: readonly string[] = [
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
  // a seed given by mistake must not be shown
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
  if (!WAYS.includes(given.sort().join(" "))) {
    throw new TypeError(
      `Cannot ${action} as "auth" must be one way alone, ${sentenceOfWays()}: { ${
        given.join(", ")
      } }`,
    );
  }
  for (const key of given) {
    const [holds, rule] = CHECKS[key] ?? [];
    if (!holds || holds((auth as Record<string, unknown>)[key] as string)) continue;
    throw new TypeError(`Cannot ${action} as "${key}" must be ${rule}: it is not`);
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
export function partsOf(
  creds: string,
): { readonly jwt: string; readonly seed: string } | undefined {
  const [jwt, seed] = [...creds.matchAll(/---\s*\n\s*([\w.-]+)\s*\n\s*---/g)].map(([, part]) =>
    part
  );
  return jwt && seed && isJwt(jwt) && isSeed(seed) ? { jwt, seed } : undefined;
}

/** The bytes of a seed, in the client's form. */
export function bytesOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

function sentenceOfWays(): string {
  return WAYS.map((way) => `{ ${way.split(" ").join(", ")} }`).join(", ");
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
