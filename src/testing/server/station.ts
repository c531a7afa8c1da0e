import type { Clock } from "../../clock.ts";
import type { Authorization } from "./authorization.ts";
import type { Backlog } from "./backlog.ts";
import type { Congestion } from "./congestion.ts";
import type { Exchange } from "./exchange.ts";
import type { Identity } from "./info.ts";
import type { Publications } from "./publications.ts";

/** Counts for one server, from its start. Bytes are payload, headers included. */
export interface Traffic {
  messagesIn: number;
  bytesIn: number;
  messagesOut: number;
  bytesOut: number;
  slowConsumers: number;
}

/** The counts at the start. */
export function noTraffic(): Traffic {
  return { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0, slowConsumers: 0 };
}

/** What all clients of one server share. */
export interface Station {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly authorization: Authorization;
  readonly exchange: Exchange;
  readonly congestion: Congestion;
  readonly backlog: Backlog;
  readonly traffic: Traffic;
  readonly publications: Publications;
  readonly lameDuck: boolean;
  /** The client has disconnected; called once for each. */
  left(id: number): void;
}
