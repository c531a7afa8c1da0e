import type { Packet } from "../message/packet.ts";

/** A subscription on the server. */
export interface Interest {
  /** Gone at once, with whatever is on its way. */
  unsubscribe(): void;
  /** Nothing new is sent to us; resolves once what is on its way has been taken. */
  drain(): Promise<void>;
}

/** Who takes the packets of a subscription; called while the socket is read, so it must be quick. */
export interface Taker {
  take(packet: Packet): void;
  /** The server refused the subscription, or has taken it away. */
  refused(error: Error): void;
  /** Whether a refused one is subscribed again now and then, until its owner unsubscribes. @default {false} */
  readonly comesBack?: boolean;
  /** The server has taken it after all. */
  restored?(): void;
}

/** A subscription as those see it who know which of them the server has. */
export interface Entry extends Interest {
  readonly subject: string;
  /** `listed`: the server has been told of it; `refused`: it said no; `left`: its owner has unsubscribed. */
  readonly state: "listed" | "refused" | "left";
  readonly comesBack: boolean;
  isOf(taker: Taker): boolean;
  /** The server has refused it: tells the taker. */
  refuse(error: Error): void;
  /** The server has it again: tells the taker. */
  restore(): void;
  /** Tells the server of it once more; of one that it may have, first that it has ended. */
  resubscribe(): void;
}

/** Told what becomes of entries. */
export interface EntryWatch {
  /** The server is told of it. */
  subscribed(entry: Entry): void;
  /** The server has refused it by its name, and its taker has been told. */
  refused(entry: Entry, error: Error): void;
  /** One that was refused is not wanted any more. */
  left(entry: Entry): void;
}

/** Where nobody watches. */
export const UNWATCHED: EntryWatch = { subscribed() {}, refused() {}, left() {} };

/** Told what a taker throws. */
export type Report = (error: Error, subject?: string) => void;

/** Where one subscribes, for one connection and all that it becomes by coming back. */
export interface Subscriptions {
  /** Subscribes; the server has it once a flush is through. */
  subscribe(subject: string, taker: Taker, queue?: string): Interest;
  /** All that the server has been told of, or will be when the connection is back. */
  all(): readonly Entry[];
  /** The one with this number on the wire, where numbers are known. */
  numbered(sid: number): Entry | undefined;
}
