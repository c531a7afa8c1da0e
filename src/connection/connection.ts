import type { NatsConnection, Status } from "@nats-io/transport-deno";
import { PayloadTooLargeError } from "../errors.ts";
import { type Patience, within } from "../deadline.ts";
import type { Outgoing } from "../message/outgoing.ts";
import { sizeOf } from "../message/packet.ts";
import { outside } from "../message/work.ts";
import { ReconnectDelay } from "./backoff.ts";
import { abandon } from "./client_dials.ts";
import * as internals from "./client_internals.ts";
import { Comeback } from "./comeback.ts";
import { ControlLines } from "./control_lines.ts";
import { DialFaults } from "./dial_faults.ts";
import type { EventFeed } from "./events.ts";
import { alreadyConnected, clientFault, closedUnder, notConnected } from "./faults.ts";
import { openClient } from "./opening.ts";
import { Outlet } from "./outlet.ts";
import { Roll } from "./roll.ts";
import { CurrentFacts } from "./server_facts.ts";
import { withoutQuery } from "./servers.ts";
import type { ConnectionSettings, SocketSource } from "./settings.ts";
import type { Interest, Subscriptions, Taker } from "./subscriptions.ts";

export type { Interest, Taker };

/** How much of the time to close is for sending what is on its way; the rest is for the socket. */
const SENDING_PART = 0.8;

/** One connection that comes back; everything else talks to the server through it. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #feed: EventFeed;
  readonly #lines = new ControlLines();
  readonly #outlet: Outlet;
  readonly #roll: Roll;
  readonly #delay: ReconnectDelay;
  #socket: SocketSource | undefined;
  #connecting: Promise<void> | undefined;
  #trying = new AbortController();
  /** Settles once a dial that was given up has ended. */
  #left: Promise<unknown> = Promise.resolve();
  #client: NatsConnection | undefined;
  #subscriptions: Subscriptions | undefined;
  #up = false;
  #reconnects = 0;
  readonly #server = new CurrentFacts(() => this.#client?.info);
  #url = "";
  readonly #comeback = new Comeback();
  readonly #faults: DialFaults;
  readonly #report = (error: Error, subject?: string) =>
    this.#feed.emit({ type: "error", error, ...subject !== undefined && { subject } });

  constructor(settings: ConnectionSettings, feed: EventFeed) {
    this.#settings = settings;
    this.#feed = feed;
    this.#roll = new Roll(feed, { out: () => this.#outlet, listed: () => this.#subscriptions });
    this.#outlet = new Outlet(settings.outboxLimit, this.#lines, this.#roll);
    this.#delay = new ReconnectDelay(settings.reconnect);
    this.#faults = new DialFaults(feed, settings.servers.urls);
  }

  /** Whether what is published now reaches a socket. */
  get isUp(): boolean {
    return this.#up && this.#client !== undefined && internals.hasOpenSocket(this.#client);
  }

  /** Whether it was connected, and is not closed. */
  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** The server's bound for headers and body together, in bytes. */
  get maxPayload(): number {
    return this.#server.now.maxPayload;
  }

  /** One older than 2.2 does not. */
  get hasHeaders(): boolean {
    return this.#server.now.headers;
  }

  /** The server that this is, or was last, connected to, and its version. */
  get server(): { readonly server: string; readonly version: string } {
    return { server: this.#url, version: this.#server.now.version };
  }

  /**
   * Goes through these sockets from the next connect on, instead of to the servers.
   *
   * @throws {ConnectionError} while there is a connection: all that follows would still go to its server
   */
  reroute(socket: SocketSource | undefined): void {
    if (socket && this.#connecting) throw alreadyConnected();
    this.#socket = socket;
  }

  /** Connects once, however often it is called. */
  connect(): Promise<void> {
    if (this.#connecting) return this.#connecting;
    this.#feed.open();
    const connecting = this.#connecting = outside(() => this.#open()).catch((error) => {
      if (this.#connecting === connecting) this.#connecting = undefined;
      throw error;
    });
    return connecting;
  }

  /**
   * Sends, or holds while there is no connection; gives whether it was sent.
   *
   * @throws {PayloadTooLargeError} @throws {OutboxFullError} @throws {ConnectionError} @throws {InvalidSubjectError}
   */
  publish(outgoing: Outgoing): boolean {
    if (this.#client === undefined) throw notConnected(`publish to "${outgoing.subject}"`);
    const size = sizeOf(outgoing);
    if (size > this.maxPayload) {
      throw new PayloadTooLargeError(outgoing.subject, size, this.maxPayload);
    }
    return this.#outlet.publish(outgoing, this.isUp);
  }

  /** Takes a message back, unless it has been handed to a socket; it is never sent then. */
  withdraw(outgoing: Outgoing): void {
    this.#outlet.withdraw(outgoing);
  }

  /** The same; gives whether it was taken back, which takes longer to find out. */
  takeBack(outgoing: Outgoing): boolean {
    return this.#outlet.takeBack(outgoing);
  }

  /** How many bytes the socket was to take, how many of them have gone, and whether too many have not. */
  get written(): Pick<Outlet, "given" | "left" | "isFull"> {
    return this.#outlet;
  }

  /** Resolves once the socket has taken most of what was published; `undefined` where that is so. */
  room(): Promise<void> | undefined {
    return this.#outlet.room();
  }

  /**
   * Subscribes; the server has it once a `flush` is through.
   *
   * @throws {ConnectionError} @throws {InvalidSubjectError}
   */
  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    if (this.#client === undefined) throw notConnected(`subscribe to "${subject}"`);
    return this.#lines.subscribe(this.#subscriptions!, subject, taker, queue);
  }

  /** Subscribes again what the server has refused; resolves once it has answered, by which the taker knows. */
  retry(taker: Taker, action: string): Promise<void> {
    this.#roll.retry(taker);
    return this.#flushed(action);
  }

  /** Resolves once the server has answered whatever it has got of us, after a reconnect if need be. */
  flush(patience: Patience, action: string): Promise<void> {
    return within(this.#flushed(action), patience, action);
  }

  /**
   * Resolves once the server has all that was published since the last time.
   *
   * @throws {ConnectionError} if some of it was on its way when the connection broke
   * @throws {PermissionError} @throws {PayloadTooLargeError} @throws {ConnectionError} if the server refused some of it
   */
  settle(patience: Patience): Promise<void> {
    return within(this.#flushed("flush").then(this.#outlet.account()), patience, "flush");
  }

  /** Ends the waiting for a first server: `connect` rejects. */
  giveUp(): void {
    if (!this.#client) this.#trying.abort();
  }

  /**
   * Sends what is on its way and closes, within so many milliseconds; afterwards `connect` makes a new connection. In an
   * outage it waits for the connection if anything is held, and else for nothing.
   */
  async close({ timeout }: { readonly timeout: number }): Promise<void> {
    const until = performance.now() + timeout;
    this.giveUp();
    // a dial cannot be broken off, and one that goes on would be seen as a socket left open
    const connecting = this.#client ? undefined : this.#connecting?.catch(() => {});
    const ended = Promise.all([connecting, this.#left]);
    await within(ended, { timeout }, "end the connect under way").catch(this.#report);
    const client = this.#client;
    // who reads the events of a broker that never was connected, or of one stopped twice, waits for their end too
    if (!client) return this.#feed.emit({ type: "closed", error: undefined });
    const patience = { timeout: Math.max(1, until - performance.now()) * SENDING_PART };
    const sent = this.#outlet.emptied().then(() => this.isUp ? this.#outlet.confirm() : undefined);
    await within(sent, patience, "send what is on its way").catch(this.#report);
    this.#trying.abort();
    // a socket that does not close is left to itself: nothing goes through it any more
    const rest = { timeout: Math.max(1, until - performance.now()) };
    await within(abandon(client), rest, "close the socket").catch(this.#report);
    this.#closed(undefined);
  }

  async #open(): Promise<void> {
    const { signal } = this.#trying = new AbortController();
    const client = await openClient({
      settings: this.#settings,
      socket: this.#socket,
      feed: this.#feed,
      delay: this.#delay,
      faults: this.#faults,
      signal,
      left: (dialled) => void (this.#left = dialled.then(abandon).catch(() => {})),
    });
    this.#outlet.open(client);
    this.#subscriptions = internals.listenThrough(client, this.#report, this.#roll);
    this.#client = client;
    internals.watchStatus(client, (status) => this.#onStatus(status), this.#report);
    client.closed().then((error) => {
      if (this.#client === client) this.#closed(error ? clientFault(error) : undefined);
    }).catch(this.#report);
    if (internals.isConnected(client)) this.#raise();
    else await this.#comeback.awaited; // it has gone in these very turns, and comes back as any other
  }

  #onStatus(status: Status): void {
    switch (status.type) {
      case "disconnect":
        // a dial that fails ends as a connection does, and whoever waits for the first to come back waits on
        if (!this.#up) return;
        return this.#lower(withoutQuery(status.server));
      case "reconnecting":
        return this.#feed.emit({ type: "reconnecting", attempt: this.#delay.attempts });
      case "reconnect":
        // told once for every dial that failed before
        if (this.#up) return;
        if (!internals.hasOpenSocket(this.#client!)) {
          return void setTimeout(() => internals.redial(this.#client), 0);
        }
        this.#reconnects++;
        return this.#raise();
      case "ldm":
        return this.#feed.emit({ type: "lameDuck", server: withoutQuery(status.server) });
      case "error":
        if (ControlLines.isExceeded(status.error)) return this.#lines.exceeded(this.#report);
        if (!this.#up) return this.#faults.tell(status.error);
        return this.#roll.said(clientFault(status.error), status.error.message);
    }
  }

  #lower(server: string): void {
    this.#up = false;
    this.#delay.lost();
    const unconfirmed = this.#outlet.interrupt();
    this.#roll.lower();
    this.#comeback.go();
    this.#feed.emit({ type: "disconnected", server, unconfirmed });
  }

  #raise(): void {
    const client = this.#client!;
    internals.takeSocket(client);
    this.#lines.connected(this.#server.now.id);
    this.#url = withoutQuery(client.getServer());
    this.#delay.connected();
    this.#faults.reset();
    this.#up = true;
    this.#roll.raise();
    this.#outlet.resume({ isUp: () => this.isUp, largest: this.maxPayload, failed: this.#report });
    this.#comeback.come();
    this.#feed.emit({ type: "connected", server: this.#url, reconnects: this.#reconnects });
  }

  async #flushed(action: string): Promise<void> {
    for (;;) {
      const client = this.#client;
      if (client === undefined) throw notConnected(action);
      if (!this.#up) await this.#comeback.awaited;
      try {
        await this.#outlet.confirm();
        return void await this.#roll.settled();
      } catch (error) {
        // the connection went away under the flush: what was sent is told again after the reconnect
        if (client.isClosed()) throw closedUnder(action, error);
        await undefined;
      }
    }
  }

  #closed(error: Error | undefined): void {
    if (this.#client === undefined) return;
    internals.giveUpPings(this.#client);
    this.#client = undefined;
    this.#connecting = undefined;
    this.#up = false;
    this.#roll.close();
    this.#comeback.fail(closedUnder("wait for the connection", error));
    this.#outlet.close(this.#report);
    this.#lines.clear();
    this.#feed.emit({ type: "closed", error });
  }
}
