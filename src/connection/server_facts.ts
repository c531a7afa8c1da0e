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
const UNKNOWN_SERVER: ServerFacts = {
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

/** What the server says of itself by now: a later INFO may change its limits while the connection stands. */
export class CurrentFacts {
  readonly #latest: () => Partial<ServerInfo> | undefined;
  #read: Partial<ServerInfo> | undefined;
  #facts = UNKNOWN_SERVER;

  /** Reads what `latest` gives; where that is nothing, the last that was read holds. */
  constructor(latest: () => Partial<ServerInfo> | undefined) {
    this.#latest = latest;
  }

  /** The client makes an object for each INFO, so that one comparison finds a later one. */
  get now(): ServerFacts {
    const latest = this.#latest();
    if (latest && latest !== this.#read) {
      this.#read = latest;
      this.#facts = serverFacts(latest);
    }
    return this.#facts;
  }
}
