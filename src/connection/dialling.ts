import type { Clock } from "../clock.ts";
import type { NatsConnection } from "@nats-io/transport-deno";
import type { ConnectionError } from "../errors.ts";
import { ReconnectDelay } from "./backoff.ts";
import { DialFaults } from "./dial_faults.ts";
import { wayIn } from "./dial_loop.ts";
import { Dialler } from "./dialler.ts";
import type { EventFeed } from "./events.ts";
import { Pool } from "./pool.ts";
import { type ConnectionSettings, IN_MEMORY, type SocketSource } from "./settings.ts";

/** Makes the connection and makes it again: chooses the servers, waits between dials, and reports what fails. */
export class Dialling {
  readonly clock: Clock;
  readonly #settings: ConnectionSettings;
  readonly #feed: EventFeed;
  readonly #delay: ReconnectDelay;
  readonly #faults: DialFaults;
  /** What was given up and has not ended: a dial, a client. */
  readonly #leaving = new Set<Promise<unknown>>();
  #trying = new AbortController();
  #pool: Pool;
  #dialler: Dialler | undefined;

  constructor(clock: Clock, settings: ConnectionSettings, feed: EventFeed) {
    this.clock = clock;
    this.#settings = settings;
    this.#feed = feed;
    this.#delay = new ReconnectDelay(clock, settings.reconnect);
    this.#faults = new DialFaults(feed, settings.servers.urls);
    this.#pool = new Pool(clock, settings.servers.urls);
  }

  /** Gives a client that was let in for the first time, through these sockets where there are any. */
  first(socket: SocketSource | undefined): Promise<NatsConnection> {
    const [clock, settings, delay] = [this.clock, this.#settings, this.#delay];
    this.#trying = new AbortController();
    this.#pool = new Pool(clock, socket ? [IN_MEMORY] : settings.servers.urls);
    const failed = (error: Error) => this.#feed.emit({ type: "error", error });
    this.#dialler = new Dialler({ clock, settings, delay, failed }, socket);
    const told = new Set<string>();
    return this.#dial(false, (error) => {
      // the same again and again would be a flood of lines
      if (!told.has(error.message)) failed(error);
      told.add(error.message);
    });
  }

  /** Gives another one after a loss; nothing once it is ended. */
  async again(): Promise<NatsConnection | undefined> {
    const { signal } = this.#trying;
    try {
      const client = await this.#dial(true, (fault) => this.#faults.tell(fault));
      if (!signal.aborted) return client;
      this.leave(client.close());
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A server tells of others. */
  learn(addresses: unknown): void {
    this.#pool.learn(addresses);
  }

  connected(): void {
    this.#delay.connected();
    this.#faults.reset();
  }

  lost(): void {
    this.#delay.lost();
  }

  /** Dials no more. */
  end(): void {
    this.#trying.abort();
  }

  /** Something has been given up, and ends by itself. */
  leave(leaving: Promise<unknown>): void {
    const left = leaving.catch(() => {}).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  /** Resolves once all that was given up has ended: a dial cannot be broken off, and would be seen as a socket left open. */
  async left(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  #dial(isReturn: boolean, failed: (fault: ConnectionError) => void): Promise<NatsConnection> {
    const [pool, dialler, { signal }] = [this.#pool, this.#dialler!, this.#trying];
    return wayIn({
      clock: this.clock,
      round: () => isReturn ? [pool.longestAgo()] : pool.shuffled(),
      urls: pool.urls,
      isReturn,
      waits: this.#settings.waitOnFirstConnect,
      delay: this.#delay,
      signal,
      dial(url) {
        pool.dial(url);
        return dialler.dial(url, signal);
      },
      left: (dialled) => this.leave(dialled.then((client) => client.close())),
      attempt: (attempt) => this.#feed.emit({ type: "reconnecting", attempt }),
      failed,
    });
  }
}
