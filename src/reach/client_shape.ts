import type { NatsConnection, Status } from "@nats-io/transport-deno";
import type { ControlParser, Read, Recipient } from "../wire/server_stream.ts";
import type { Pipe } from "../wire/socket_writer.ts";

/** The versions that have passed this package's tests. */
const VERSIONS: readonly string[] = ["3.4.0"];

/** The internal parts of the client's transport. */
export interface Transport extends Pipe {
  readonly version: string;
  readonly isClosed: boolean;
  disconnect(): void;
  /** Resolves in the turn in which the socket ends; the client notices some turns later. */
  closed(): Promise<void | Error>;
  /** The socket, of a connection over TCP. */
  readonly conn?: { setNoDelay?(on: boolean): void; read: Read; close(): void };
  /** The socket, of a connection over WebSockets. */
  readonly socket?: { readonly readyState: number; readonly backlog?: number };
}

/** A subscription in the client's list. */
export interface ListedSubscription extends Recipient {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Its number on the wire, which the client assigns. */
  sid: number;
  /** The client stores here after how many messages it asked the server to end the subscription. */
  max: number | undefined;
  /** Called when the server has refused the subscription; the client closes it next. */
  callback(error: Error): void;
  close(): void;
}

/** The client's queue of commands. */
export interface CommandQueue {
  fill(bytes: Uint8Array): void;
  drain(): Uint8Array;
}

/** The client's protocol handler. */
export interface Protocol {
  readonly transport: Transport;
  readonly connected: boolean;
  readonly infoReceived: boolean;
  outbound: object;
  flushPending: () => void;
  parser: Pick<ControlParser, "parse"> & Partial<Pick<ControlParser, "state">>;
  readonly listeners: { push(status: Status): void; stop(): void; iterClosed: Promise<void> }[];
  readonly subscriptions: {
    get(sid: number): Recipient | undefined;
    cancel(subscription: ListedSubscription): void;
  };
  subscribe(subscription: ListedSubscription): void;
  /** Unsubscribes at the server and removes the subscription from the list. */
  unsubscribe(subscription: ListedSubscription): void;
  /** Unsubscribes at the server only. */
  unsub(subscription: ListedSubscription): void;
  /** Pings, and settles the given promise in the turn that reads the answer. */
  flush(settled: { resolve(): void; reject(reason: Error): void }): unknown;
}

/** The internal parts of a client, or why the broker does not use them. */
export type Inside =
  | { readonly protocol: Protocol; readonly fault?: undefined }
  | { readonly protocol?: undefined; readonly fault: string };

/** Tests set `isWanted` to `false` to use only the client's public API. */
export const REACH = { isWanted: true };

/** Looks inside a client; every part must have the known shape, or the broker uses none. */
export function insideOf(client: NatsConnection): Inside {
  try {
    return lookInto(client);
  } catch (error) {
    return { fault: `the NATS client does not let it be looked at: ${(error as Error)?.message}` };
  }
}

function lookInto(client: NatsConnection): Inside {
  const protocol = (client as unknown as { protocol?: Partial<Protocol> }).protocol;
  const version: unknown = protocol?.transport?.version;
  const known = VERSIONS.join(", ");
  if (typeof version !== "string" || !VERSIONS.includes(version)) {
    const found = typeof version === "string" ? `is ${version}` : "tells no version";
    return { fault: `the NATS client ${found}, and ${known} is known` };
  }
  const missing = missingIn(protocol!);
  if (missing === undefined) return { protocol: protocol as Protocol };
  return {
    fault: `the NATS client says it is ${version}, and its "${missing}" is not as in ${known}`,
  };
}

/** The first part that does not have the known shape. */
function missingIn(protocol: Partial<Protocol>): string | undefined {
  const parts: readonly (readonly [name: string, isKnown: boolean])[] = [
    ["transport", isTransport(protocol.transport)],
    ["connected", typeof protocol.connected === "boolean"],
    ["infoReceived", typeof protocol.infoReceived === "boolean"],
    ["outbound", can(protocol.outbound, "fill", "drain")],
    ["parser", isParser(protocol.parser)],
    ["listeners", Array.isArray(protocol.listeners) && Object.isExtensible(protocol.listeners)],
    ["subscriptions", can(protocol.subscriptions, "get", "cancel")],
    ["protocol", can(protocol, "flushPending", "subscribe", "unsubscribe", "unsub", "flush")],
    ["protocol", canBeGiven(protocol, "outbound", "flushPending", "parser")],
  ];
  return parts.find(([, isKnown]) => !isKnown)?.[0];
}

function isParser(parser: object | undefined): boolean {
  return can(parser, "parse") && typeof (parser as ControlParser).state === "number";
}

function isTransport(transport: Transport | undefined): boolean {
  if (typeof transport?.isClosed !== "boolean") return false;
  if (!can(transport, "send", "disconnect", "closed")) return false;
  // a WebSocket buffers every write; for TCP the end of a write must be known
  const { conn, socket } = transport;
  return conn
    ? "pendingWrite" in transport && can(conn, "read", "close") && canBeGiven(conn, "read")
    : typeof socket?.readyState === "number";
}

function can(part: object | undefined, ...calls: readonly string[]): boolean {
  return calls.every((call) => typeof (part as Record<string, unknown>)?.[call] === "function");
}

/** Whether these members can be replaced: a frozen one would throw half-way. */
function canBeGiven(part: object, ...names: readonly string[]): boolean {
  return names.every((name) => {
    for (let owner: object | null = part; owner; owner = Object.getPrototypeOf(owner)) {
      const found = Object.getOwnPropertyDescriptor(owner, name);
      if (found === undefined) continue;
      const isSettable = found.writable ?? found.set !== undefined;
      const hasPlace = owner === part || found.set !== undefined || Object.isExtensible(part);
      return isSettable && hasPlace;
    }
    return false;
  });
}
