import { ConnectionError } from "../errors.ts";
import { UnmadeSocket } from "./unmade_socket.ts";

/** Makes a WebSocket for an URL, as the client wants it. */
export type SocketFactory = (
  url: string,
) => Promise<{ readonly socket: WebSocket; readonly encrypted: boolean }>;

/**
 * Reads the certificate of a private authority. Looked at before a dial, as Deno's transport says no more than "Bad
 * resource ID" of one that it cannot use.
 *
 * @throws {ConnectionError}
 */
export async function readAuthority(caFile: string): Promise<string> {
  try {
    const certificate = await Deno.readTextFile(caFile);
    Deno.createHttpClient({ caCerts: [certificate] }).close();
    return certificate;
  } catch (cause) {
    const rule = `"caFile" must be a certificate that can be read`;
    const sentence = `Cannot connect as ${rule}: ${(cause as Error).message}`;
    throw new ConnectionError(sentence, "tls", { cause });
  }
}

/** Makes WebSockets that trust an authority. */
export function trustingSockets(authority: string): SocketFactory {
  return (url) => {
    const client = Deno.createHttpClient({ caCerts: [authority] });
    const socket = madeWith(client, url);
    for (const change of ["open", "error"]) {
      socket.addEventListener(change, () => client[Symbol.dispose](), { once: true });
    }
    return Promise.resolve({ socket, encrypted: url.startsWith("wss:") });
  };
}

function madeWith(client: Deno.HttpClient, url: string): WebSocket {
  try {
    return new WebSocket(url, { client });
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

/** Makes WebSockets, and keeps what the last of them failed of: the client may not tell. */
export class NotedSockets {
  readonly #factory: SocketFactory;
  /** Why the last one could not even be made. */
  unmade: Error | undefined;
  /** What the last one failed of. */
  failure: Error | undefined;

  constructor(factory: SocketFactory = plainSockets) {
    this.#factory = factory;
  }

  readonly factory: SocketFactory = async (url) => {
    this.unmade = this.failure = undefined;
    try {
      const made = await this.#factory(url);
      made.socket.addEventListener("error", (event) => {
        this.failure = new Error((event as ErrorEvent).message);
      }, { once: true });
      return made;
    } catch (error) {
      this.unmade = error as Error;
      return { socket: new UnmadeSocket(this.unmade) as unknown as WebSocket, encrypted: false };
    }
  };
}

/** Nothing but sockets; the rejection of one without permission is noted. */
const plainSockets: SocketFactory = (url) =>
  Promise.try(() => ({ socket: new WebSocket(url), encrypted: url.startsWith("wss:") }));
