import { describe } from "../options.ts";
import type { TransportKind } from "./dial.ts";
import type { Clock } from "../clock.ts";

/** Where to connect, parsed from URLs. */
export interface ServerList {
  /** In the client's form: without credentials. */
  readonly urls: readonly string[];
  readonly kind: TransportKind;
  /** Whether a URL asks for TLS. */
  readonly secure: boolean;
  readonly credentials: Credentials;
}

/** The part of a URL before its `@`; a user without a password is a token. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const SCHEMES = ["nats", "tls", "ws", "wss"];

/**
 * Reads one URL or several: `nats://`, `tls://`, `ws://`, `wss://` or a bare `host:port`.
 *
 * @throws {TypeError} for any other text, or if the URLs differ in transport or credentials
 */
export function parseServers(servers: string | readonly string[]): ServerList {
  const given = typeof servers === "string" ? servers.split(",") : servers;
  if (!Array.isArray(given) || given.length === 0) {
    const found = given?.length === 0 ? "none" : describe(given);
    throw new TypeError(
      `Cannot make a broker as it must be written: new NatsBroker("nats://HOST:PORT", options): ${found}`,
    );
  }
  // a comma in a password splits one server into two: then show no part of the text
  const isSplit = typeof servers === "string" && given.length > 1;
  const shownAs = (index: number) =>
    isSplit ? `server ${index + 1} of ${given.length}` : hidden(given[index]);
  const parsed = given.map((server, index) => {
    const found = parseServer(server);
    if (found) return found;
    const rule = "a server must be nats://, tls://, ws:// or wss://HOST:PORT";
    throw new TypeError(`Cannot make a broker as ${rule}: ${shownAs(index)}`);
  });
  const [first] = parsed as [ParsedServer, ...ParsedServer[]];
  for (const [index, other] of parsed.entries()) {
    const rule = disagreement(first, other);
    if (!rule) continue;
    throw new TypeError(`Cannot make a broker as its servers must ${rule}: ${shownAs(index)}`);
  }
  const secure = parsed.some((server) => server.secure);
  const { kind, credentials } = first;
  return { urls: parsed.map(({ url }) => url), kind, secure, credentials };
}

interface ParsedServer extends Omit<ServerList, "urls"> {
  readonly url: string;
}

/** In what a server must not differ from the first, but does. */
function disagreement(first: ParsedServer, other: ParsedServer): string | undefined {
  if (other.kind !== first.kind) return "all be WebSockets or none";
  const [one, two] = [first, other].map(({ credentials }) => JSON.stringify(credentials));
  return one === two ? undefined : "have the same credentials";
}

/** Parses one server; `undefined` if it is no URL of a server. */
function parseServer(server: unknown): ParsedServer | undefined {
  const text = typeof server === "string" ? server.trim() : "";
  const [, scheme, rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text)!;
  const protocol = scheme?.toLowerCase();
  const webSocket = protocol === "ws" || protocol === "wss";
  const end = rest.search(/[/\\?#]|$/);
  const [authority, path] = [rest.slice(0, end), rest.slice(end)];
  // an unescaped "/", "?" or "#" in a password ends the host: the rest would be ignored silently
  const isCut = !webSocket && path.includes("@");
  const credentials = isCut || /\s/.test(rest) ? undefined : credentialsOf(rest, authority);
  if (!credentials || (protocol !== undefined && !SCHEMES.includes(protocol))) {
    return undefined;
  }
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  return {
    url: webSocket ? `${protocol}://${address}${path}` : address,
    kind: webSocket ? "webSocket" : "tcp",
    secure: protocol === "tls" || protocol === "wss",
    credentials,
  };
}

/** A server's URL without its query, which may hold a token. */
export function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : `${url.slice(0, end)}?…`;
}

/** `undefined` without a host, or if the part before the `@` has no user or a stray `%`. */
function credentialsOf(rest: string, authority: string): Credentials | undefined {
  // parse as http, as URL does not split the parts of "nats"
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

/** A server for an error message, without what may be a password: of the part behind the host it shows only a port. */
function hidden(server: unknown): string {
  if (typeof server !== "string") return describe(server);
  const [, scheme = "", rest = ""] = /^([a-z]+:\/\/)?(.*)$/is.exec(server.trim())!;
  const address = rest.slice(rest.lastIndexOf("@") + 1);
  const [host] = /^(?:\[[^\]]*\]|[^:/\\?#]*)(?::\d{1,5}(?=[/\\?#]|$))?/.exec(address)!;
  const before = address === rest ? "" : "…@";
  return describe(`${scheme}${before}${host}${host === address ? "" : "…"}`);
}

/** How many addresses to take from a server at most. */
const MOST_ANNOUNCED = 256;
const LAST_PORT = 65_535;
const PORTS: Readonly<Record<string, string>> = { ws: "80", wss: "443" };

/** The servers to dial: the configured ones, and those that a server has announced. */
export class ServerPool {
  readonly #clock: Pick<Clock, "random">;
  readonly #configured: readonly string[];
  readonly #scheme: string;
  /** URLs by address. */
  #gossiped = new Map<string, string>();
  /** The order of the last dials, by URL. */
  readonly #dialled = new Map<string, number>();
  #dials = 0;

  constructor(clock: Pick<Clock, "random">, urls: readonly string[]) {
    this.#clock = clock;
    this.#configured = urls;
    this.#scheme = /^wss?:\/\//.exec(urls[0] ?? "")?.[0] ?? "";
  }

  /** All servers. */
  get urls(): readonly string[] {
    return [...this.#configured, ...this.#gossiped.values()];
  }

  /** All servers, in random order. */
  shuffled(): string[] {
    return this.urls.map((url) => ({ url, place: this.#clock.random() }))
      .sort((one, other) => one.place - other.place)
      .map(({ url }) => url);
  }

  /** The server that was dialled longest ago, so that a lost server comes last. */
  leastRecentlyDialled(): string {
    const at = (url: string) => this.#dialled.get(url) ?? 0;
    return this.urls.reduce((found, url) => at(url) < at(found) ? url : found);
  }

  /** Notes that the server is dialled now. */
  dialled(url: string): void {
    this.#dialled.delete(url);
    this.#dialled.set(url, ++this.#dials);
  }

  /** Takes the servers that a server announces for its cluster, in any form. */
  learn(addresses: unknown): void {
    if (!Array.isArray(addresses)) return;
    const known = new Set(this.#configured.map(addressOf));
    const announced = addresses.slice(0, MOST_ANNOUNCED)
      .filter(isAddress)
      .map((address) => address.toLowerCase())
      .filter((address) => !known.has(address));
    this.#gossiped = new Map(announced.map((address) => [address, `${this.#scheme}${address}`]));
    const urls = new Set(this.urls);
    for (const url of [...this.#dialled.keys()]) if (!urls.has(url)) this.#dialled.delete(url);
  }
}

/** Whether it is a host with a port. */
function isAddress(text: unknown): text is string {
  if (typeof text !== "string") return false;
  const address = /^(?:\[[\da-f:.%\w]{2,64}\]|[\p{L}\p{M}\p{N}._-]{1,253}):(\d{1,5})$/iu;
  const port = Number(address.exec(text)?.[1]);
  return port > 0 && port <= LAST_PORT;
}

/** Host and port of a URL, in the form that servers announce. */
function addressOf(url: string): string {
  const [, scheme = "", address = ""] = /^(?:(\w+):\/\/)?([^/?#]*)/.exec(url)!;
  const hasPort = /:\d+$/.test(address) && !/^[\da-f]*(?::[\da-f]*){2,}$/i.test(address);
  return (hasPort ? address : `${address}:${PORTS[scheme] ?? "4222"}`).toLowerCase();
}
