import type { Clock } from "../clock.ts";
import { PayloadTooLargeError } from "../errors.ts";
import { type Patience, within } from "../deadline.ts";
import type { Line, LineWatch } from "../line/line.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import { sizeOf } from "../message/raw_message.ts";
import { outside } from "../message/work.ts";
import { ConnectionGate, DialLoop } from "./dial_loop.ts";
import { ControlLines, CurrentServer, type ServerFacts } from "./server_limits.ts";
import type { EventFeed } from "../events.ts";
import { ErrorReports } from "./error_reports.ts";
import {
  alreadyConnected,
  connectionClosed,
  fromClientError,
  notConnected,
} from "./client_errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { AcceptedClient } from "./open_line.ts";
import { Transmitter } from "./transmitter.ts";
import { RefusalTracker } from "./refusals.ts";
import { withoutQuery } from "./servers.ts";
import type { ConnectionSettings, Load, SocketSource } from "./settings.ts";
import { type MessageSink, type ServerSubscription, Subscriptions } from "./subscriptions.ts";

export type { MessageSink, ServerSubscription };

/** The part of the closing time for sending queued messages; the rest is for the socket. */
const SENDING_PART = 0.8;

/** One connection that reconnects by itself; every other part talks to the server through it. */
export class Connection {
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #controlLines = new ControlLines();
  readonly #transmitter: Transmitter;
  readonly #refusals: RefusalTracker;
  readonly #subscriptions: Subscriptions;
  readonly #dialLoop: DialLoop;
  readonly heartbeat: Heartbeat;
  readonly #reports: ErrorReports;
  readonly #server = new CurrentServer(() => this.#line?.info);
  readonly #gate = new ConnectionGate();
  #socket: SocketSource | undefined;
  #connecting: Promise<void> | undefined;
  #isOpen = false;
  /** The current line, while the connection is up. */
  #line: Line | undefined;
  #reconnects = 0;
  #url = "";

  /** Each dial has `load` load what messages may need. */
  constructor(settings: ConnectionSettings, feed: EventFeed, clock: Clock, load?: Load) {
    const reports = new ErrorReports(clock, feed);
    const context = { clock, settings, feed, reports, load };
    this.#clock = clock;
    this.#feed = feed;
    this.#reports = reports;
    this.#refusals = new RefusalTracker(context, {
      transmitter: () => this.#transmitter,
      subscriptions: () => this.#subscriptions,
    });
    const parts = { lines: this.#controlLines, refusals: this.#refusals };
    this.#transmitter = new Transmitter(context, parts);
    this.#subscriptions = new Subscriptions(this.#refusals, reports.report);
    this.#dialLoop = new DialLoop(context);
    this.heartbeat = new Heartbeat(clock, settings.pingInterval);
  }

  /** Whether publishing now can reach a socket. */
  get isUp(): boolean {
    return this.#line?.isOpen ?? false;
  }

  /** Whether it has connected, and is not closed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The server's limit for headers and body together, in bytes. */
  get maxPayload(): number {
    return this.#server.facts.maxPayload;
  }

  /** Whether the server supports headers; a server older than 2.2 does not. */
  get hasHeaders(): boolean {
    return this.#server.facts.headers;
  }

  /** The current or last server. */
  get server(): Pick<ServerFacts, "version" | "jetstream"> & { readonly server: string } {
    return { server: this.#url, ...this.#server.facts };
  }

  /**
   * Uses these sockets from the next connect on, instead of the servers.
   *
   * @throws {ConnectionError} while connected, as everything would still go to the current server
   */
  reroute(socket: SocketSource | undefined): void {
    if (socket && this.#connecting) throw alreadyConnected();
    this.#socket = socket;
  }

  /** Connects; concurrent calls share one connection. */
  connect(): Promise<void> {
    if (this.#connecting) return this.#connecting;
    this.#feed.open();
    const connecting = this.#connecting = outside(() => this.#connectFirst()).catch((error) => {
      if (this.#connecting === connecting) this.#connecting = undefined;
      this.#feed.fail();
      throw error;
    });
    return connecting;
  }

  /**
   * Sends a message, or holds it while disconnected; returns whether it was sent.
   *
   * @throws {Error} a PayloadTooLargeError, OutboxFullError, ConnectionError or InvalidSubjectError
   */
  publish(outgoing: EncodedMessage): boolean {
    if (!this.#isOpen) throw notConnected(`publish to "${outgoing.subject}"`);
    const size = sizeOf(outgoing);
    if (size > this.maxPayload) {
      throw new PayloadTooLargeError(outgoing.subject, size, this.maxPayload);
    }
    return this.#transmitter.publish(outgoing, this.isUp);
  }

  /** Cancels a message: it is never sent, unless the socket has got it. */
  cancel(outgoing: EncodedMessage): void {
    this.#transmitter.cancel(outgoing);
  }

  /** Cancels a message, and returns whether it was unsent, which takes longer to find out. */
  tryCancel(outgoing: EncodedMessage): boolean {
    return this.#transmitter.tryCancel(outgoing);
  }

  /** How many bytes were written for the socket, how many it has taken, and whether too many wait. */
  get written(): Pick<Transmitter, "acceptedBytes" | "sentBytes" | "isFull"> {
    return this.#transmitter;
  }

  /** Resolves once the socket has taken most of what was published; `undefined` if it has already. */
  room(): Promise<void> | undefined {
    return this.#transmitter.room();
  }

  /**
   * Subscribes; the server has the subscription once a `flush` resolves.
   *
   * @throws {Error} a ConnectionError or InvalidSubjectError
   */
  subscribe(subject: string, sink: MessageSink, queue?: string): ServerSubscription {
    if (!this.#isOpen) throw notConnected(`subscribe to "${subject}"`);
    return this.#controlLines.subscribe(this.#subscriptions, subject, sink, queue);
  }

  /** Repeats a refused subscription; resolves once the server has answered and the sink knows the result. */
  retry(sink: MessageSink, action: string): Promise<void> {
    this.#refusals.retry(sink);
    return this.#flushed(action);
  }

  /** Resolves once the server has processed everything it got from us, after a reconnect if necessary. */
  flush(patience: Patience, action: string): Promise<void> {
    return within(this.#flushed(action), patience, action);
  }

  /**
   * Resolves once the server has everything published since the last call.
   *
   * @throws {ConnectionError} if the connection broke with unconfirmed messages
   * @throws {Error} a PermissionError, PayloadTooLargeError or ConnectionError, if the server refused a message
   */
  settle(patience: Patience): Promise<void> {
    return within(this.#flushed("flush").then(this.#transmitter.lossCheck()), patience, "flush");
  }

  /** Stops the first connect, which rejects. */
  cancelConnect(): void {
    if (!this.#isOpen) this.#dialLoop.stop();
  }

  /**
   * Sends queued messages and closes, within `timeout` milliseconds; a later `connect` makes a new connection. In an
   * outage it waits for the reconnect only if it holds messages.
   */
  async close({ timeout }: { readonly timeout: number }): Promise<void> {
    const clock = this.#clock;
    const until = clock.now() + timeout;
    const rest = (part = 1) => ({ clock, timeout: Math.max(1, (until - clock.now()) * part) });
    if (this.#isOpen) {
      const sent = this.#transmitter.whenEmpty().then(() =>
        this.isUp ? this.#transmitter.confirm() : undefined
      );
      await within(sent, rest(SENDING_PART), "send what is on its way").catch(this.#reports.report);
    }
    this.#dialLoop.stop();
    const line = this.#line;
    this.#line = undefined;
    this.heartbeat.stop();
    if (line) this.#dialLoop.closing(line.close());
    const connecting = this.#isOpen ? undefined : this.#connecting?.catch(() => {});
    const left = Promise.resolve(connecting).then(() => this.#dialLoop.allClosed());
    await within(left, rest(), "close the socket").catch(this.#reports.report);
    if (this.#isOpen) this.#closed();
    // end the event readers also if the broker never connected, or is stopped twice
    this.#feed.emit({ type: "closed", error: undefined });
  }

  async #connectFirst(): Promise<void> {
    const accepted = await this.#dialLoop.connect(this.#socket);
    this.#isOpen = true;
    this.#connected(accepted);
  }

  /** A server has accepted the connection: subscribes again first, then sends held messages. */
  #connected(accepted: AcceptedClient): void {
    const line = accepted.open(this.#clock, this.#watch(() => line), this.#reports.report);
    this.#line = line;
    this.#url = withoutQuery(line.address);
    this.#dialLoop.learnServers(line.info?.connect_urls);
    this.#controlLines.connected(this.#server.facts.id);
    this.#dialLoop.connected();
    this.#transmitter.connected(line);
    this.#subscriptions.connected(line);
    this.#refusals.connected();
    this.#transmitter.sendHeld(this.maxPayload);
    this.heartbeat.start(line, () => this.#disconnected(line));
    this.#gate.open();
    this.#feed.emit({ type: "connected", server: this.#url, reconnects: this.#reconnects });
    if (accepted.fault !== undefined) this.#reports.unknownClient(accepted.fault);
  }

  /** The line has ended, or its server is silent: starts to reconnect. */
  #disconnected(line: Line): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.heartbeat.stop();
    this.#dialLoop.learnServers(line.info?.connect_urls);
    this.#dialLoop.disconnected();
    const unconfirmed = this.#transmitter.disconnected();
    this.#subscriptions.disconnected();
    this.#refusals.disconnected();
    this.#gate.shut();
    this.#dialLoop.closing(line.close());
    this.#feed.emit({ type: "disconnected", server: this.#url, unconfirmed });
    this.#reconnect().catch(this.#reports.report);
  }

  async #reconnect(): Promise<void> {
    const accepted = await this.#dialLoop.reconnect();
    if (!accepted) return;
    this.#reconnects++;
    this.#connected(accepted);
  }

  /** Handles the events of a line in the turn in which they happen. */
  #watch(line: () => Line): LineWatch {
    return {
      serverError: (error) => {
        if (ControlLines.isExceeded(error)) this.#controlLines.exceeded(this.#reports.report);
        else this.#refusals.serverError(fromClientError(error), error.message);
      },
      lameDuck: () => this.#feed.emit({ type: "lameDuck", server: this.#url }),
      invalidReplyAddress: (packet) => this.#reports.invalidReplyAddress(packet),
      dropped: (outgoing, error) => this.#transmitter.dropped(outgoing, error),
      failed: this.#reports.report,
      closed: () => this.#disconnected(line()),
    };
  }

  async #flushed(action: string): Promise<void> {
    for (;;) {
      if (!this.#isOpen) throw notConnected(action);
      if (!this.#line) await this.#gate.whenOpen;
      try {
        await this.#transmitter.confirm();
        return void await this.#refusals.settled();
      } catch (error) {
        // the connection broke during the flush: flush again after the reconnect
        if (!this.#isOpen) throw connectionClosed(action, error);
        await undefined;
      }
    }
  }

  #closed(): void {
    this.#isOpen = false;
    this.#connecting = undefined;
    this.#refusals.close();
    this.#subscriptions.close();
    this.#gate.fail(connectionClosed("wait for the connection", undefined));
    this.#transmitter.close();
    this.#controlLines.clear();
  }
}
