import type { Clock } from "../clock.ts";

/** How many addresses to take from a server at most. */
const MOST = 256;
/** The longest name of a host, in characters. */
const ADDRESS = /^(?:\[[\da-f:.%\w]{2,64}\]|[\p{L}\p{M}\p{N}._-]{1,253}):(\d{1,5})$/iu;
const LAST_PORT = 65_535;
const PORTS: Readonly<Record<string, string>> = { ws: "80", wss: "443" };

/** The servers to dial: those of the configuration, and those that a server has announced. */
export class Pool {
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
  longestAgo(): string {
    const at = (url: string) => this.#dialled.get(url) ?? 0;
    return this.urls.reduce((found, url) => at(url) < at(found) ? url : found);
  }

  /** Notes that the server is dialled now. */
  dial(url: string): void {
    this.#dialled.delete(url);
    this.#dialled.set(url, ++this.#dials);
  }

  /** Takes the servers that a server announces for its cluster, in any form. */
  learn(addresses: unknown): void {
    if (!Array.isArray(addresses)) return;
    const known = new Set(this.#configured.map(addressOf));
    const told = addresses.slice(0, MOST)
      .filter(isAddress)
      .map((address) => address.toLowerCase())
      .filter((address) => !known.has(address));
    this.#gossiped = new Map(told.map((address) => [address, `${this.#scheme}${address}`]));
    const urls = new Set(this.urls);
    for (const url of [...this.#dialled.keys()]) if (!urls.has(url)) this.#dialled.delete(url);
  }
}

function isAddress(text: unknown): text is string {
  const port = typeof text === "string" ? Number(ADDRESS.exec(text)?.[1]) : 0;
  return port > 0 && port <= LAST_PORT;
}

/** Host and port of a URL, in the form that servers announce. */
function addressOf(url: string): string {
  const [, scheme = "", address = ""] = /^(?:(\w+):\/\/)?([^/?#]*)/.exec(url)!;
  const hasPort = /:\d+$/.test(address) && !/^[\da-f]*(?::[\da-f]*){2,}$/i.test(address);
  return (hasPort ? address : `${address}:${PORTS[scheme] ?? "4222"}`).toLowerCase();
}
