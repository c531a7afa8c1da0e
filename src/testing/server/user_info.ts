import { asMilliseconds } from "../../duration.ts";
import type { ConnectRequest } from "./connect_request.ts";
import { type Identity, serverName, VERSION } from "./info.ts";
import type { EmbeddedPermissions, EmbeddedSubjects } from "./options.ts";
import { split, streamMemory } from "./settings.ts";

/** The subject at which a client asks about its own user. */
export const USER_INFO = "$SYS.REQ.USER.INFO";

const NANOSECONDS = 1_000_000;
const ACCOUNT = "$G";
const encoder = new TextEncoder();

/** The answer: the user of the client, and its permissions. */
export function userInfo(
  { id, settings }: Identity,
  wallTime: number,
  { user }: ConnectRequest,
  permissions: EmbeddedPermissions | undefined,
): Uint8Array {
  const server = {
    name: serverName(id),
    host: settings.listen ? settings.hostname : "memory",
    id,
    ver: VERSION,
    jetstream: streamMemory(settings) !== undefined,
    flags: 0,
    seq: 0,
    time: new Date(wallTime).toISOString(),
  };
  const data = {
    user,
    account: ACCOUNT,
    account_name: ACCOUNT,
    permissions: permissions && shown(permissions),
  };
  return encoder.encode(JSON.stringify({ server, data }));
}

function shown({ publish, subscribe, allowResponses }: EmbeddedPermissions) {
  const { max = 1, expires = 120_000 } = typeof allowResponses === "object" ? allowResponses : {};
  return {
    publish: listed(publish),
    subscribe: listed(subscribe),
    responses: allowResponses ? { max, ttl: asMilliseconds(expires) * NANOSECONDS } : undefined,
  };
}

function listed(subjects: EmbeddedSubjects | undefined) {
  return subjects && split(subjects);
}
