import type { NatsConnection, Status } from "@nats-io/transport-deno";
import type { Addressee, ControlParser } from "../wire/inbound.ts";
import type { Read } from "../wire/socket_reader.ts";

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
  readonly options?: { reconnect?: boolean };
  /** The last that the server said was wrong, whenever that was. */
  readonly lastError?: Error | undefined;
  connected?: boolean;
  infoReceived?: boolean;
  listeners?: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[];
  prepare?: () => unknown;
  /** Ends a dial that is under way, and only that. */
  connectError?: ((error: Error) => void) | undefined;
  parser?: Partial<ControlParser>;
  disconnected?: () => Promise<void>;
  /** Who waits for the server's answers to pings. */
  readonly pongs?: readonly { reject?(reason: Error): void }[];
  /** Asks, and settles what it is given when the server answers or the connection goes. */
  flush?: (question: { resolve(): void; reject(reason: Error): void }) => unknown;
  servers?: { getServers?(): { lastConnect?: unknown }[] };
}

/** A subscription in the client's list. */
export interface ListedSubscription extends Addressee {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Its number on the wire, which the client gives. */
  sid: number;
  /** The client notes here after how many messages it asked the server to end it. */
  max: number | undefined;
  /** The server has refused it, and it is closed next. */
  callback(error: Error): void;
  close(): void;
}

/** A protocol that lets others into the list of its subscriptions. */
export interface SubscribingProtocol {
  readonly transport: { disconnect(): void };
  parser: ControlParser;
  readonly subscriptions: {
    get(sid: number): ListedSubscription | undefined;
    all?(): ListedSubscription[];
    cancel(subscription: ListedSubscription): void;
  };
  subscribe(subscription: ListedSubscription): void;
  /** Tells the server, and takes it off the list. */
  unsubscribe(subscription: ListedSubscription): void;
  /** Tells the server alone. */
  unsub(subscription: ListedSubscription): void;
  flush(): Promise<void>;
}

/** Reaches into the client. */
export function protocolOf(client: NatsConnection): Protocol | undefined {
  return (client as unknown as { protocol?: Protocol }).protocol;
}
