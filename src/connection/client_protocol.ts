import type { NatsConnection, Status } from "@nats-io/transport-deno";
import type { Read } from "./socket_reader.ts";

/** What a transport of the client has beyond its public face, where it is built as the one that is known. */
export interface Transport {
  connect?: (...way: unknown[]) => Promise<void>;
  close?: () => Promise<void>;
  disconnect?: () => void;
  closed?: () => Promise<void | Error>;
  readonly isClosed?: boolean;
  readonly conn?: { setNoDelay?(on: boolean): void; read?: Read; close?(): void };
  readonly socket?: { readonly readyState?: unknown };
}

/** The same of what the client talks through. */
export interface Protocol {
  transport?: Transport;
  outbound?: { drain?(): Uint8Array };
  flushPending?: () => void;
  connected?: boolean;
  infoReceived?: boolean;
  listeners?: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[];
  prepare?: () => unknown;
  /** Ends a dial that is under way, and only that. */
  connectError?: ((error: Error) => void) | undefined;
  parser?: { parse?(piece: Uint8Array): void };
  disconnected?: () => Promise<void>;
  servers?: { getServers?(): { lastConnect?: unknown }[] };
}

/** Reaches into the client. */
export function protocolOf(client: NatsConnection): Protocol | undefined {
  return (client as unknown as { protocol?: Protocol }).protocol;
}
