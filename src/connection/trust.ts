import { ConnectionError } from "../errors.ts";

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

/**
 * Makes WebSockets that trust an authority. Nothing in it can fail: a factory that rejects leaves the client waiting
 * for ever for the end of a socket that never was.
 */
export function trustingSockets(authority: string): SocketFactory {
  return (url) => {
    const client = Deno.createHttpClient({ caCerts: [authority] });
    const socket = new WebSocket(url, { client });
    for (const change of ["open", "error"]) {
      socket.addEventListener(change, () => client[Symbol.dispose](), { once: true });
    }
    return Promise.resolve({ socket, encrypted: url.startsWith("wss:") });
  };
}

/** Makes WebSockets, and keeps what the last of them failed of: the client may not tell. */
export function noting(
  factory: SocketFactory = (url) =>
    Promise.resolve({ socket: new WebSocket(url), encrypted: url.startsWith("wss:") }),
): { readonly factory: SocketFactory; failure(): Error | undefined } {
  let failure: Error | undefined;
  return {
    async factory(url) {
      failure = undefined;
      const made = await factory(url);
      made.socket.addEventListener("error", (event) => {
        failure = new Error((event as ErrorEvent).message);
      }, { once: true });
      return made;
    },
    failure: () => failure,
  };
}
