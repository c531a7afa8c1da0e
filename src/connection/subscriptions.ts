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
  /** The server refused the subscription, and it is gone. */
  refused(error: Error): void;
}

/** Told what a taker throws. */
export type Report = (error: Error, subject?: string) => void;

/** Where one subscribes, for one connection and all that it becomes by coming back. */
export interface Subscriptions {
  /** Subscribes; the server has it once a flush is through. */
  subscribe(subject: string, taker: Taker, queue?: string): Interest;
}
