import type { ServerInfo } from "@nats-io/transport-deno";
import type { EncodedMessage } from "../message/encoded_message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import type { Writer } from "../wire/socket_writer.ts";

/** One connected client. It never reconnects: after a disconnect the broker makes another line. */
export interface Line {
  /** The server's last `INFO`; still known after the line has ended. */
  readonly info: Partial<ServerInfo> | undefined;
  /** The server's address. */
  readonly address: string;
  /** Whether writing now can reach the socket. */
  readonly isOpen: boolean;
  readonly writer: Writer;
  /**
   * How long the line may stay silent, in milliseconds: to notice a failure in time, ping the server at least
   * this often.
   */
  readonly longestSilence: number;
  /** Subscribes; the command goes behind everything written before, or ahead of the part that still waits. */
  subscribe(listener: Listener): LineSubscription;
  /**
   * Resolves once the server has everything written before. The line calls `answered` when the answer arrives, after
   * it has reported all earlier refusals and, if it can know the order, before any later refusal.
   */
  flush(answered: () => void): Promise<void>;
  /** Pings the server, without waiting for queued messages. */
  ping(): Promise<void>;
  /** Closes the line now: loses what is on its way, and does not wait for the server. */
  close(): Promise<void>;
}

/** Takes the messages of a subscription. The socket's reader calls it, so it must not throw. */
export interface Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  take(packet: RawMessage): void;
  /** Reports that the server has refused the subscription, with the client's error. */
  refused(error: Error): void;
}

/** A subscription of one line. */
export interface LineSubscription {
  /** The subscription's number on the wire, once it has one. */
  readonly sid: number | undefined;
  /** Ends the subscription at once. */
  unsubscribe(): void;
  /**
   * Ends the subscription, and resolves once the listener has taken the messages on their way, or the line has ended.
   */
  drain(): Promise<void>;
}

/** Gets the events of a line, in order; must not throw. */
export interface LineWatch {
  /** The server has sent an error. */
  serverError(error: Error): void;
  /** The server will shut down soon. */
  lameDuck(): void;
  /** The line dropped a message, as its reply address is invalid. */
  invalidReplyAddress(packet: RawMessage): void;
  /** The line dropped an outgoing message that the server would refuse by now. */
  dropped(outgoing: EncodedMessage, error: Error): void;
  /** The line could not read what arrived, or something threw. */
  failed(error: Error): void;
  /** The line has ended; called once. */
  closed(): void;
}

/**
 * Flushes that wait for the server's answer on one line. The client itself leaves them pending when its connection
 * ends.
 */
export class PendingFlushes {
  readonly #pending = new Set<(error: Error) => void>();
  #over: Error | undefined;

  /** Begins a flush; rejects if the line ends before the answer. */
  add(flush: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#pending.delete(fail);
        reject(error);
      };
      this.#pending.add(fail);
      flush(() => {
        this.#pending.delete(fail);
        resolve();
      }, fail);
    });
  }

  /** Rejects all pending flushes, as the line has ended. */
  end(): void {
    this.#over ??= new Error("the connection was closed");
    for (const fail of this.#pending) fail(this.#over);
  }
}
