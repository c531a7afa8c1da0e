import { shown } from "../options.ts";
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
  const [, scheme, rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text)!;
  const protocol = scheme?.toLowerCase();
  const webSocket = protocol === "ws" || protocol === "wss";
  const end = rest.search(/[/\\?#]|$/);
  const [authority, path] = [rest.slice(0, end), rest.slice(end)];
  // an unescaped "/", "?" or "#" in a password ends the host: what is behind would be left out in silence
  const isCut = !webSocket && path.includes("@");
  const credentials = isCut || /\s/.test(rest) ? undefined : credentialsOf(rest, authority);
  if (!credentials || (protocol !== undefined && !SCHEMES.includes(protocol))) {
    const rule = "a server must be nats://, tls://, ws:// or wss://HOST:PORT";
    const found = typeof server === "string" ? hidden(text) : shown(server);
    throw new TypeError(`Cannot make a broker as ${rule}: ${found}`);
  }
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  return {
    url: webSocket ? `${protocol}://${address}${path}` : address,
    kind: webSocket ? "webSocket" : "tcp",
    secure: protocol === "tls" || protocol === "wss",
    credentials,
  };
}

/** `undefined` where there is no host, or what stands before the `@` cannot be read: no user, a stray `%`. */
function credentialsOf(rest: string, authority: string): Credentials | undefined {
  // read as http, as "nats" is a scheme that URL keeps opaque
  const url = URL.parse(`http://${rest}`);
  if (!url?.hostname) return undefined;
  const { username, password } = url;
  if (username === "") return authority.includes("@") ? undefined : {};
  try {
    const user = decodeURIComponent(username);
    return password === "" ? { token: user } : { user, password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

/** A password must not end up in a log by way of an error's sentence: of what follows a host, a port alone is shown. */
function hidden(server: string): string {
  const [, scheme = "", rest = ""] = /^([a-z]+:\/\/)?(.*)$/is.exec(server)!;
  const address = rest.slice(rest.lastIndexOf("@") + 1);
  const [host] = /^(?:\[[^\]]*\]|[^:/\\?#]*)(?::\d{1,5}(?=[/\\?#]|$))?/.exec(address)!;
  const before = address === rest ? "" : "…@";
  return shown(`${scheme}${before}${host}${host === address ? "" : "…"}`);
}
