import type { TransportKind } from "./dial.ts";

/** Where to connect, read from the URLs that were given. */
export interface ServerList {
  /** As the client takes them: without credentials. */
  readonly urls: readonly string[];
  readonly kind: TransportKind;
  /** Whether an URL asked for TLS. */
  readonly secure: boolean;
  readonly credentials: Credentials;
}

/** What an URL says before its `@`; a user without a password is a token. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const SCHEMES = ["nats", "tls", "ws", "wss"];

/**
 * Reads one URL or several: `nats://`, `tls://`, `ws://`, `wss://` or a bare `host:port`.
 *
 * @throws {TypeError} for what is no such URL, and where they do not agree in transport or credentials
 */
export function parseServers(servers: string | readonly string[]): ServerList {
  const given = typeof servers === "string" ? servers.split(",") : servers;
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError("Cannot make a broker as it must be given a server: none");
  }
  const parsed = given.map((server) => parseServer(server));
  const [first] = parsed as [ParsedServer, ...ParsedServer[]];
  for (const other of parsed) {
    if (other.kind !== first.kind) {
      throw new TypeError(
        `Cannot make a broker as its servers must all be WebSockets or none: ${other.url}`,
      );
    }
    if (JSON.stringify(other.credentials) !== JSON.stringify(first.credentials)) {
      throw new TypeError(
        `Cannot make a broker as its servers must have the same credentials: ${other.url}`,
      );
    }
  }
  const secure = parsed.some((server) => server.secure);
  const { kind, credentials } = first;
  return { urls: parsed.map(({ url }) => url), kind, secure, credentials };
}

interface ParsedServer extends Omit<ServerList, "urls"> {
  readonly url: string;
}

function parseServer(server: unknown): ParsedServer {
  const text = typeof server === "string" ? server.trim() : "";
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme ? text.slice(scheme.length + 3) : text;
  // read as http, as "nats" is a scheme that URL keeps opaque, and without its default port
  const url = URL.parse(`http://${rest}`);
  const known = scheme === undefined || SCHEMES.includes(scheme);
  if (!known || rest === "" || /\s/.test(rest) || !url || url.hostname === "") {
    throw new TypeError(
      `Cannot make a broker as a server must be nats://, tls://, ws:// or wss://HOST:PORT: ${
        hidden(text || String(server))
      }`,
    );
  }
  const webSocket = scheme === "ws" || scheme === "wss";
  const address = rest.slice(rest.lastIndexOf("@") + 1);
  return {
    url: webSocket ? `${scheme}://${address}` : address.replace(/\/.*$/, ""),
    kind: webSocket ? "webSocket" : "tcp",
    secure: scheme === "tls" || scheme === "wss",
    credentials: credentialsOf(url),
  };
}

function credentialsOf({ username, password }: URL): Credentials {
  if (username === "") return {};
  const user = decodeURIComponent(username);
  return password === "" ? { token: user } : { user, password: decodeURIComponent(password) };
}

/** A password must not end up in a log by way of an error's sentence. */
function hidden(server: string): string {
  return JSON.stringify(server.replace(/\/\/.*@/, "//…@"));
}
