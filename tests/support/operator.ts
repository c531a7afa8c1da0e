import type { PermissionClaims } from "@signalbox/nats";
import { nkeys } from "@nats-io/transport-deno";
import { randomUUID } from "node:crypto";

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** What a user's JWT may say. */
export interface UserClaims {
  /** When it ends, in seconds since 1970. */
  readonly exp?: number;
  /** Whether it is enough to have it, without a signature. */
  readonly bearer?: boolean;
  readonly name?: string;
  /** What it may do. @default {everything} */
  readonly permissions?: PermissionClaims;
}

/** A user of an account, as a program has it. */
export interface UserCredentials {
  readonly jwt: string;
  /** "SU…" */
  readonly seed: string;
  /** "U…" */
  readonly nkey: string;
  /** The text of a `.creds` file. */
  readonly creds: string;
  sign(nonce: Uint8Array): Uint8Array;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** An operator with one account, made for a test; `config` is what a server needs to trust them. */
export class Operator {
  readonly #operator: KeyPair = nkeys.createOperator();
  readonly #account: KeyPair = nkeys.createAccount();

  get config(): string {
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true };
    const open = { ...limits, conn: -1, leaf: -1 };
    const account = this.#account.getPublicKey();
    const claims = { nats: { limits: open, default_permissions: { pub: {}, sub: {} } } };
    const operator = jwt(this.#operator, this.#operator.getPublicKey(), "operator", {});
    const accountJwt = jwt(this.#operator, account, "account", claims);
    // a busy machine may let the two seconds pass that a user has by default to say who it is
    return `authorization: { timeout: 20 }\noperator: "${operator}"\nresolver: MEMORY
resolver_preload: { ${account}: "${accountJwt}" }`;
  }

  user(
    { exp, bearer = false, name = "user", permissions = { pub: {}, sub: {} } }: UserClaims = {},
  ): UserCredentials {
    const keys = nkeys.createUser();
    const nkey = keys.getPublicKey();
    const limits = { ...permissions, subs: -1, data: -1, payload: -1, bearer_token: bearer };
    const claims = { ...(exp !== undefined && { exp }), nats: limits };
    const token = jwt(this.#account, nkey, name, { ...claims, kind: "user" });
    const seed = decoder.decode(keys.getSeed());
    return {
      jwt: token,
      seed,
      nkey,
      creds: credsOf(token, seed),
      sign: (nonce) => keys.sign(nonce),
    };
  }
}

/** An NKey of a user, as a server without an operator knows it. */
export function userKey(): Omit<UserCredentials, "jwt" | "creds"> {
  const keys = nkeys.createUser();
  const seed = decoder.decode(keys.getSeed());
  return { seed, nkey: keys.getPublicKey(), sign: (nonce) => keys.sign(nonce) };
}

function credsOf(token: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

interface Claims {
  readonly kind?: string;
  readonly exp?: number;
  readonly nats?: object;
}

/** A JWT as version 2 of the server's claims wants it. */
function jwt(signer: KeyPair, subject: string, name: string, { kind, exp, nats }: Claims): string {
  const type = kind ?? name;
  const body = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1_000),
    iss: signer.getPublicKey(),
    name,
    sub: subject,
    ...(exp !== undefined && { exp }),
    nats: { ...nats, type, version: 2 },
  };
  const text = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(body)}`;
  const signature = signer.sign(encoder.encode(text));
  return `${text}.${signature.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function part(value: unknown): string {
  const options = { alphabet: "base64url", omitPadding: true } as const;
  return encoder.encode(JSON.stringify(value)).toBase64(options);
}
