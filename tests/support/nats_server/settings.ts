/** The ports of a server; -1 lets it pick one. */
export interface ServerPorts {
  readonly client: number;
  readonly monitoring: number;
  readonly webSocket?: number | undefined;
  readonly cluster?: number | undefined;
}

export interface ServerSettings {
  readonly name: string;
  readonly ports: ServerPorts;
  /** What is within the `tls` block of its WebSockets, if they are encrypted. */
  readonly webSocketTls?: string | undefined;
  /** More configuration, in the server's own syntax. */
  readonly extra: string;
}

export const configFile = "server.conf";
export const logFile = "server.log";

/** Writes the configuration of a server on loopback whose files are all in `folder`. */
export function renderSettings(
  { name, ports, webSocketTls, extra }: ServerSettings,
  folder: string,
): string {
  const security = webSocketTls === undefined ? "no_tls: true" : `tls { ${webSocketTls} }`;
  // a busy machine may let the two seconds pass that a handshake has by default
  const webSocket = ports.webSocket === undefined
    ? ""
    : `websocket { host: "127.0.0.1", port: ${ports.webSocket}, handshake_timeout: "20s", ${security} }`;
  return `
server_name: "${name}"
listen: "127.0.0.1:${ports.client}"
http: "127.0.0.1:${ports.monitoring}"
ports_file_dir: "${folder}"
log_file: "${folder}/${logFile}"
${webSocket}
${extra}
`;
}
