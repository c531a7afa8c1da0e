import type { Auth, AuthSource } from "../connection/auth.ts";
import { describe, holdsOptions } from "../options.ts";
import type { TlsOptions } from "../connection/settings.ts";
import type { BrokerOptions } from "./broker_options.ts";

const ACTION = "Cannot read the environment as";

/** Each way to authenticate, by the variables that it needs; those of the `nats` command. */
const WAYS = [
  ["NATS_USER", "NATS_PASSWORD"],
  ["NATS_TOKEN"],
  ["NATS_CREDS"],
  ["NATS_NKEY"],
  ["NATS_JWT", "NATS_SEED"],
] as const;

/** What the `nats` command has for client certificates. */
const CERTIFICATES = ["NATS_CERT", "NATS_KEY"] as const;

type Variable = typeof WAYS[number][number] | typeof CERTIFICATES[number] | "NATS_URL" | "NATS_CA";

/** Gives a variable; an empty one counts as one that is not set. */
type Read = (name: Variable) => string | undefined;

/**
 * The servers and the options of a broker, read from the environment variables of the `nats` command:
 * `NATS_URL`, and one of `NATS_USER` with `NATS_PASSWORD`, `NATS_TOKEN`, `NATS_CREDS` (a file), `NATS_NKEY` (a file with
 * a seed), `NATS_JWT` with `NATS_SEED`; `NATS_CA` is the file of a private authority. It reads them when it is called,
 * and needs `--allow-env=NATS_*`.
 *
 * @example
 * ```ts
 * import { fromEnv, NatsBroker } from "@signalbox/nats";
 *
 * const broker = new NatsBroker(...fromEnv({ name: "shop" }));
 * ```
 * @param options further options of the broker; the environment replaces `auth` and `tls.caFile`
 * @throws {TypeError} if variables contradict each other, or one that belongs to another is missing
 * @throws {Deno.errors.NotCapable} if the program may not read all of them
 */
export function fromEnv(
  options: BrokerOptions = {},
): [servers: string, options: BrokerOptions] {
  return fromVariables((name) => Deno.env.get(name) || undefined, options);
}

/** The same, of any variables. */
export function fromVariables(
  read: Read,
  options: BrokerOptions,
): [servers: string, options: BrokerOptions] {
  if (!holdsOptions(options)) {
    throw new TypeError(`${ACTION} options must be an object: ${describe(options)}`);
  }
  try {
    const servers = read("NATS_URL") ?? "nats://127.0.0.1:4222";
    const auth = authOf(read);
    const caFile = read("NATS_CA");
    return [servers, {
      ...options,
      ...auth && { auth },
      ...caFile !== undefined && { tls: tlsWith(caFile, options.tls) },
    }];
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    const rule = "all its variables must be permitted: run with --allow-env=NATS_*";
    throw new Deno.errors.NotCapable(`${ACTION} ${rule}`, { cause });
  }
}

/** Leaves what holds no options to the broker, which refuses it. */
function tlsWith(caFile: string, tls: TlsOptions | undefined): TlsOptions {
  return tls === undefined || holdsOptions(tls) ? { ...tls, caFile } : tls;
}

function authOf(read: Read): Auth | AuthSource | undefined {
  const certificate = CERTIFICATES.find((name) => read(name) !== undefined);
  if (certificate) {
    const rule = "TLS must be without a client certificate, which Deno's transport cannot send";
    throw new TypeError(`${ACTION} ${rule}: ${certificate}`);
  }
  const given = WAYS.map((way) => way.filter((name) => read(name) !== undefined))
    .filter(({ length }) => length > 0);
  if (given.length > 1) {
    const ways = given.map((names) => names.join(" with ")).join(", ");
    throw new TypeError(`${ACTION} credentials must be given one way: ${ways}`);
  }
  const [user, password] = pair(read, "NATS_USER", "NATS_PASSWORD");
  if (user !== undefined) return { user, password };
  const [token, credsFile] = [read("NATS_TOKEN"), read("NATS_CREDS")];
  if (token !== undefined) return { token };
  if (credsFile !== undefined) return { credsFile };
  const file = read("NATS_NKEY");
  if (file !== undefined) return seedIn(file);
  const [jwt, seed] = pair(read, "NATS_JWT", "NATS_SEED");
  return jwt === undefined ? undefined : { jwt, seed };
}

/** Two variables that belong together. */
function pair(
  read: Read,
  one: Variable,
  other: Variable,
): [one: string, other: string] | [one?: undefined, other?: undefined] {
  const [first, second] = [read(one), read(other)];
  if (first !== undefined && second !== undefined) return [first, second];
  if (first === second) return [];
  const [set, missing] = first === undefined ? [other, one] : [one, other];
  throw new TypeError(`${ACTION} ${set} must come with ${missing}: it is not set`);
}

/** Reads the file before every connect. */
function seedIn(file: string): AuthSource {
  // a seed given as the path would appear in the error about a missing file
  if (/^\s*S[A-Z2-7]{50,}/.test(file)) {
    throw new TypeError(`${ACTION} NATS_NKEY must be the path of a file with a seed: it is a seed`);
  }
  return async () => {
    const [seed] = /\bSU[A-Z2-7]{56}\b/.exec(await Deno.readTextFile(file)) ?? [];
    if (seed !== undefined) return { seed };
    throw new TypeError(`NATS_NKEY must be the path of a file with the seed of a user's NKey`);
  };
}
