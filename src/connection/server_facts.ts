import type { ServerInfo } from "@nats-io/transport-deno";

/** What a server has said of itself. */
export interface ServerFacts {
  readonly id: string;
  readonly version: string;
  /** Its bound for headers and body together, in bytes. */
  readonly maxPayload: number;
  /** One older than 2.2 takes no headers. */
  readonly headers: boolean;
}

/** What nats-server has where its configuration says nothing, in bytes. */
const USUAL_PAYLOAD = 1_048_576;

/** Before any server has said anything. */
export const UNKNOWN_SERVER: ServerFacts = {
  id: "",
  version: "",
  maxPayload: USUAL_PAYLOAD,
  headers: true,
};

/** Reads an INFO, in which nothing need be what it should: a bound that is no number would bound nothing. */
export function serverFacts(info: Partial<ServerInfo>): ServerFacts {
  const { server_id, version, max_payload, headers } = info;
  const isBound = Number.isSafeInteger(max_payload) && max_payload! >= 0;
  return {
    id: `${server_id}`,
    version: `${version}`,
    maxPayload: isBound ? max_payload! : USUAL_PAYLOAD,
    headers: headers === true,
  };
}
