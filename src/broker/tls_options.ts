import { type ServerList, withoutQuery } from "../connection/servers.ts";
import { checkOptions, flag, text } from "../options.ts";

/** How to make a TLS connection; the broker refuses a client certificate, as Deno's transport cannot send one. */
export interface TlsOptions {
  /** A file with the certificate of a private authority; needs `--allow-read`. */
  readonly caFile?: string;
  /**
   * Whether TLS begins before the server's `INFO`, as the server's `handshake_first` demands.
   *
   * @default {false}
   */
  readonly handshakeFirst?: boolean;
}

/**
 * Checks that the options fit the kind of the servers.
 *
 * @throws {TypeError} naming what does not
 */
export function checkTransport(
  action: string,
  { kind, urls }: ServerList,
  { tls, resolve }: { readonly tls?: TlsOptions; readonly resolve?: boolean },
): void {
  if (kind === "tcp") return;
  const option = resolve ? "resolve" : tls?.handshakeFirst ? "handshakeFirst" : undefined;
  if (option) {
    throw new TypeError(`Cannot ${action} as "${option}" must be for TCP servers: WebSockets`);
  }
  const plain = urls.find((url) => !url.startsWith("wss:"));
  if (tls && plain) {
    throw new TypeError(
      `Cannot ${action} as "tls" must be for wss://, not for ws://: ${withoutQuery(plain)}`,
    );
  }
}

const CERTIFICATES = ["cert", "certFile", "key", "keyFile"];

/**
 * Checks the options of TLS.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkTls(action: string, tls: TlsOptions | undefined): void {
  const option = CERTIFICATES.find((name) => Object.hasOwn(tls ?? {}, name));
  if (option) {
    throw new TypeError(
      `Cannot ${action} as TLS must be without a client certificate, which Deno's transport cannot send ` +
        `(use an NKey or a JWT, see "auth"): "${option}"`,
    );
  }
  checkOptions(action, tls, { caFile: text, handshakeFirst: flag });
}
