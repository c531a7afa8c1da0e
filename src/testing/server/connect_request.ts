/** The fields of a client's CONNECT line. */
export interface ConnectRequest {
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly echo: boolean;
  readonly headers: boolean;
  readonly noResponders: boolean;
  readonly protocol: number;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly account: string;
  readonly newAccount: boolean;
}

/** The defaults, as for a client that a person types by hand: verbose and pedantic. */
export const UNSAID: ConnectRequest = {
  verbose: true,
  pedantic: true,
  echo: true,
  headers: false,
  noResponders: false,
  protocol: 0,
  user: "",
  password: "",
  token: "",
  account: "",
  newAccount: false,
};

/** The place of each field. nats-server ignores the case of names. */
const FIELDS: ReadonlyMap<string, keyof ConnectRequest> = new Map([
  ["verbose", "verbose"],
  ["pedantic", "pedantic"],
  ["echo", "echo"],
  ["headers", "headers"],
  ["no_responders", "noResponders"],
  ["protocol", "protocol"],
  ["user", "user"],
  ["pass", "password"],
  ["auth_token", "token"],
  ["account", "account"],
  ["new_account", "newAccount"],
]);

/** Fields without an effect here; nats-server checks their types all the same. */
const OTHERS: ReadonlyMap<string, "string" | "boolean" | "subjects"> = new Map([
  ["tls_required", "boolean"],
  ["nkey", "string"],
  ["jwt", "string"],
  ["sig", "string"],
  ["name", "string"],
  ["lang", "string"],
  ["version", "string"],
  ["remote_account", "string"],
  ["proxy_sig", "string"],
  ["import", "subjects"],
  ["export", "subjects"],
]);

const decoder = new TextDecoder();

/** Reads a CONNECT line, which may follow an earlier one; `undefined` if it is invalid. */
export function readConnect(json: Uint8Array, before: ConnectRequest): ConnectRequest | undefined {
  let said: unknown;
  try {
    said = JSON.parse(decoder.decode(json));
  } catch {
    return undefined;
  }
  if (said === null) return before;
  if (typeof said !== "object" || Array.isArray(said)) return undefined;
  // copy known names only, as `__proto__` would not be plain data
  const request: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(said)) {
    if (value === null) continue;
    const other = OTHERS.get(name.toLowerCase());
    if (other && !isOf(other, value)) return undefined;
    const field = FIELDS.get(name.toLowerCase());
    if (!field) continue;
    if (typeof value !== typeof UNSAID[field]) return undefined;
    if (typeof value === "number" && !Number.isInteger(value)) return undefined;
    request[field] = value;
  }
  return request as unknown as ConnectRequest;
}

function isOf(type: "string" | "boolean" | "subjects", value: unknown): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { allow, deny } = value as { readonly allow?: unknown; readonly deny?: unknown };
  return [allow, deny].every((list) =>
    list === undefined || list === null ||
    Array.isArray(list) && list.every((one) => typeof one === "string")
  );
}
