import type { ServerInfo } from "@nats-io/transport-deno";
import type { Outgoing } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import type { Writer } from "../wire/writer.ts";

/** One client that a server has let in, for as long as it is connected. It never comes back: the next is another one. */
export interface Line {
  /** What the server has said of itself last; known beyond its end. */
  readonly info: Partial<ServerInfo> | undefined;
  /** The server's address. */
  readonly address: string;
  /** Whether what is written now can reach a socket. */
  readonly isOpen: boolean;
  readonly writer: Writer;
  /** How long it may go without a question to the server, in milliseconds, before what has happened to it is known. */
  readonly longestSilence: number;
  /** Tells the server, behind all that was written before or ahead of what of it still waits. */
  subscribe(listener: Listener): Ticket;
  /**
   * Asks the server whether it has all that was written before. `answered` is called when it comes, once all
   * refusals that came before it have been told, and none that came behind it where that can be known.
   */
  ask(answered: () => void): Promise<void>;
  /** Asks the server for a sign of life; what waits to be written need not have been. */
  probe(): Promise<void>;
  /** Leaves it as it is: what is on its way is lost, and nothing is waited for that a server could hold up. */
  leave(): Promise<void>;
}

/** Who takes what comes through a subscription; called while the socket is read, so nothing may be thrown. */
export interface Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  take(packet: Packet): void;
  /** The server has refused it by its subject, in the client's words. */
  refused(error: Error): void;
}

/** A subscription of one line. */
export interface Ticket {
  /** Its number on the wire, once it has one. */
  readonly sid: number | undefined;
  /** Ends it at once. */
  unsubscribe(): void;
  /** Nothing new is sent to it; resolves once what was on its way has been taken, or the line has ended. */
  drain(): Promise<void>;
}

/** Told what happens to a line, in order; nothing may be thrown. */
export interface LineWatch {
  /** The server has refused something. */
  said(error: Error): void;
  /** It shuts down soon. */
  isLeaving(): void;
  /** Dropped, as no answer could be sent where it says. */
  unanswerable(packet: Packet): void;
  /** A message that was to be sent, and that the server would refuse by now, is dropped. */
  dropped(outgoing: Outgoing, error: Error): void;
  /** What came cannot be read, or was thrown. */
  failed(error: Error): void;
  /** It is over; told once. */
  ended(): void;
}
