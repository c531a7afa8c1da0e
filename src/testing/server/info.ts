import { fillRandom } from "../../clock.ts";
import { type Settings, streamMemory } from "./settings.ts";

/**
 * Clients enable features by version, so this is the version of nats-server whose rules this server follows; the part
 * after the hyphen and the server's name say what it really is.
 */
export const VERSION = "2.15.1-embedded";
const PROTOCOL = 1;
/** The version of JetStream's API, which clients read even from a server without it. */
export const API_LEVEL = 5;
const ID_LENGTH = 56;
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What is the same for every client of one server. */
export interface Identity {
  readonly id: string;
  /** The public key with which a client would encrypt secrets. */
  readonly xkey: string;
  readonly settings: Settings;
  readonly port: number;
  readonly authRequired: boolean;
}

/** What differs from client to client and from time to time. */
export interface Occasion {
  readonly client: number;
  readonly address: string | undefined;
  readonly lameDuck: boolean;
  /** Whether the client has connected: then INFO names its account. */
  readonly connected: boolean;
}

/** A server's identity: the letter of servers and 55 random ones. */
export function newServerId(): string {
  return newKey("N");
}

/** A public key without a private one, as this server decrypts nothing. */
function newKey(kind: "N" | "X"): string {
  return kind + randomText(ID_ALPHABET, ID_LENGTH - 1);
}

/** Random letters of an alphabet. */
export function randomText(alphabet: string, length: number): string {
  const random = fillRandom(new Uint8Array(length));
  return Array.from(random, (byte) => alphabet[byte % alphabet.length]).join("");
}

/** A public key for encryption. */
export function newSealingKey(): string {
  return newKey("X");
}

/** The name of a server. */
export function serverName(id: string): string {
  return `embedded-${id.slice(1, 9)}`;
}

/** The INFO line, without its end. */
export function infoLine(identity: Identity, occasion: Occasion): string {
  const { id, xkey, settings, port, authRequired } = identity;
  const { client, address, lameDuck, connected } = occasion;
  const info = {
    server_id: id,
    server_name: serverName(id),
    version: VERSION,
    proto: PROTOCOL,
    go: "none",
    host: settings.listen ? settings.hostname : "memory",
    port,
    headers: settings.headers,
    jetstream: streamMemory(settings) === undefined ? undefined : true,
    auth_required: authRequired || undefined,
    max_payload: settings.maxPayload,
    client_id: client,
    client_ip: address,
    ldm: lameDuck || undefined,
    connect_info: connected || undefined,
    remote_account: connected ? "$G" : undefined,
    api_lvl: API_LEVEL,
    xkey,
  };
  return `INFO ${JSON.stringify(info)} `;
}
