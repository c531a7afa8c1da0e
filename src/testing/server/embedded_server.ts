import { breathing } from "../../pacing.ts";
import { platformClock } from "../../clock.ts";
import type { Duration } from "../../duration.ts";
import { Authorization } from "./authorization.ts";
import { Backlog } from "./backlog.ts";
import { Client } from "./client.ts";
import { Congestion } from "./congestion.ts";
import { Exchange } from "./exchange.ts";
import { JetStream } from "./jetstream/jetstream.ts";
import { newSealingKey, newServerId, serverName } from "./info.ts";
import { PipeListener } from "./listener_pipe.ts";
import { TcpListener } from "./listener_tcp.ts";
import { WebSocketListener } from "./listener_websocket.ts";
import { advance, MovedClock, movedClocks } from "./moved_clock.ts";
import type { EmbeddedServerChanges, EmbeddedServerOptions } from "./options.ts";
import { Publications, publicationsOf } from "./publications.ts";
import { Refusal } from "./refusal.ts";
import { changedOptions, checkOptions, type Settings, streamMemory } from "./settings.ts";
import type { EmbeddedStats } from "./stats.ts";
import { noTraffic, type Station } from "./station.ts";
import type { Accept } from "./wire.ts";

/** How many times as much may wait for all clients together as for one client. */
const ALL_CLIENTS = 4;

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * A NATS server in this process: core NATS with the rules and the error texts of nats-server, for tests and first
 * steps, with streams in memory. Any client reaches it over TCP or WebSocket, and a program without any permission
 * reaches it through {@linkcode EmbeddedServer.socket}. It has no TLS, no cluster and only one account, and answers
 * like a nats-server without these.
 *
 * @example A server for one test
 * ```ts
 * import { EmbeddedServer } from "@signalbox/nats/testing";
 *
 * await using server = await EmbeddedServer.start({ listen: false });
 * const socket = server.socket();
 * const info = await new Promise<string>((resolve) => {
 *   socket.onmessage = async ({ data }) => resolve(await data.text());
 * });
 * console.assert(info.startsWith("INFO {"));
 * ```
 */
export class EmbeddedServer implements AsyncDisposable {
  readonly #clients = new Map<number, Client>();
  readonly #exchange: Exchange;
  readonly #traffic = noTraffic();
  readonly #station: Changing<Station>;
  readonly #pipes: PipeListener;
  readonly #jetstream: JetStream | undefined;
  #tcp: TcpListener | undefined;
  #webSocket: WebSocketListener | undefined;
  #lastClient = 0;
  #state: "accepting" | "paused" | "stopped" = "accepting";

  private constructor(settings: Settings) {
    const authorization = new Authorization(settings);
    const moved = settings.time === "moved" ? new MovedClock() : undefined;
    if (moved) movedClocks.set(this, moved);
    const clock = moved ?? platformClock;
    this.#exchange = new Exchange(clock);
    const publications = new Publications();
    publicationsOf.set(this, publications);
    const id = newServerId();
    this.#station = {
      clock,
      identity: {
        id,
        xkey: newSealingKey(),
        settings,
        port: 0,
        authRequired: authorization.required,
      },
      authorization,
      exchange: this.#exchange,
      congestion: new Congestion(),
      backlog: new Backlog(settings.maxPending * ALL_CLIENTS),
      traffic: this.#traffic,
      publications,
      lameDuck: false,
      left: (id) => this.#clients.delete(id),
    };
    this.#pipes = new PipeListener(this.#accept, clock, moved);
    const maxMemory = streamMemory(settings);
    this.#jetstream = maxMemory === undefined
      ? undefined
      : new JetStream(this.#station, serverName(id), { ...settings, maxMemory });
  }

  /**
   * Starts a server.
   *
   * @throws {TypeError} if an option is unknown or of the wrong type
   * @throws {RangeError} if a number is out of its range
   * @throws {Deno.errors.AddrInUse} if the port is taken
   * @throws {Deno.errors.NotCapable} if it may not listen
   *
   * @example Users with permissions
   * ```ts
   * import { EmbeddedServer } from "@signalbox/nats/testing";
   *
   * await using server = await EmbeddedServer.start({
   *   users: [{
   *     user: "service",
   *     password: "secret",
   *     permissions: { subscribe: ["orders.>"], allowResponses: true },
   *   }],
   * });
   * console.assert(server.url.startsWith("nats://127.0.0.1:"));
   * ```
   */
  static async start(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(checkOptions(options));
    try {
      server.#listen();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /**
   * Where clients connect over TCP, as `nats://127.0.0.1:4222`.
   *
   * @throws {TypeError} if the server does not listen
   */
  get url(): string {
    return `nats://${this.#host}:${this.port}`;
  }

  /**
   * The TCP port.
   *
   * @throws {TypeError} if the server does not listen
   */
  get port(): number {
    if (this.#tcp) return this.#tcp.port;
    throw new TypeError("Cannot give an address as the server must listen: listen is false");
  }

  /** Where clients connect over WebSocket; `undefined` without the option `webSocket`. */
  get webSocketUrl(): string | undefined {
    return this.#webSocket && `ws://${this.#host}:${this.#webSocket.port}`;
  }

  /**
   * Connects in memory: a `WebSocket` in everything but the network, for the `wsFactory` of a client. A paused or
   * stopped server refuses it, like a closed port.
   *
   * @example
   * ```ts
   * import { wsconnect } from "@nats-io/transport-deno";
   * import { EmbeddedServer } from "@signalbox/nats/testing";
   *
   * await using server = await EmbeddedServer.start({ listen: false });
   * const connection = await wsconnect({
   *   servers: "ws://memory",
   *   wsFactory: () => Promise.resolve({ socket: server.socket(), encrypted: false }),
   * });
   * console.assert(server.stats().connections === 1);
   * await connection.close();
   * ```
   */
  socket(): WebSocket {
    return this.#pipes.dial();
  }

  /**
   * A snapshot of the server's statistics.
   *
   * @example
   * ```ts
   * import { EmbeddedServer } from "@signalbox/nats/testing";
   *
   * await using server = await EmbeddedServer.start({ listen: false });
   * console.assert(server.stats().connections === 0);
   * ```
   */
  stats(): EmbeddedStats {
    const connections = this.#clients.size;
    return { connections, subscriptions: this.#exchange.size, ...this.#traffic };
  }

  /**
   * Moves the time of a server whose `time` is `"moved"`, and of the brokers that a `TestBroker` runs on it. Timers
   * fire in the order of their due times, and all messages that a timer causes are delivered and handled before the
   * next timer fires.
   *
   * @param duration milliseconds, or text such as `"250ms"`, `"30s"`, `"5m"`, `"1h"` or `"7d"`
   * @throws {TypeError} if the time is real, or the duration is negative, `NaN`, `Infinity` or other text
   */
  advance(duration: Duration): Promise<void> {
    return advance(movedClocks.get(this), duration);
  }

  /** Cuts every connection, as an outage does. Clients can reconnect at once. */
  disconnect(): void {
    for (const client of [...this.#clients.values()]) client.close();
  }

  /** Cuts every connection and refuses new ones until {@linkcode resume}: a longer outage. */
  pause(): void {
    if (this.#state === "accepting") this.#state = "paused";
    this.disconnect();
  }

  /** Ends a pause. */
  resume(): void {
    if (this.#state === "paused") this.#state = "accepting";
  }

  /**
   * Changes users and limits of the running server, as nats-server does when it reloads its configuration. The server
   * cuts the connections of removed users, ends subscriptions that are no longer permitted with an error, and keeps all
   * others. If more than `maxConnections` clients are connected, it cuts the oldest.
   *
   * @throws {TypeError} if an option cannot be changed, or is of the wrong type
   * @throws {RangeError} if a number is out of its range
   *
   * @example
   * ```ts
   * import { EmbeddedServer } from "@signalbox/nats/testing";
   *
   * const shop = { user: "shop", password: "secret" };
   * await using server = await EmbeddedServer.start({ listen: false, users: [shop] });
   * server.update({ users: [{ ...shop, permissions: { subscribe: ["_SHOP.>"] } }] });
   * ```
   */
  update(changes: EmbeddedServerChanges): void {
    const settings = changedOptions(this.#settings, changes);
    const before = this.#station.authorization;
    const authorization = this.#station.authorization = new Authorization(settings);
    const authRequired = authorization.required;
    this.#station.identity = { ...this.#station.identity, settings, authRequired };
    const clients = [...this.#clients.values()];
    for (const client of clients) client.reauthorize(before);
    for (const client of [...this.#clients.values()].slice(0, -settings.maxConnections)) {
      client.refuse(Refusal.maxConnections);
    }
  }

  /** Announces its shutdown to clients, with `ldm` in an INFO, and keeps serving. */
  lameDuck(): void {
    this.#station.lameDuck = true;
    for (const client of this.#clients.values()) client.announceLameDuck();
  }

  /** Cuts every connection and stops. The port is free again when the promise resolves. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.disconnect();
    this.#jetstream?.stop();
    await Promise.all([this.#pipes.stop(), this.#tcp?.stop(), this.#webSocket?.stop()]);
    await breathing(); // a timer left behind would be a leak in a program's tests
  }

  /** The same as {@linkcode stop}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #settings(): Settings {
    return this.#station.identity.settings;
  }

  get #host(): string {
    const { hostname } = this.#settings;
    if (hostname === "0.0.0.0" || hostname === "::") return "localhost";
    return hostname.includes(":") ? `[${hostname}]` : hostname;
  }

  #listen(): void {
    const { hostname, port, listen, webSocket } = this.#settings;
    if (!listen) return;
    this.#tcp = new TcpListener({ hostname, port }, this.#accept);
    this.#station.identity = { ...this.#station.identity, port: this.#tcp.port };
    if (!webSocket) return;
    const address = { hostname, port: webSocket === true ? 0 : webSocket.port };
    const accepting = (open: number) =>
      this.#state === "accepting" && open < this.#settings.maxConnections;
    this.#webSocket = new WebSocketListener(address, this.#accept, accepting);
  }

  readonly #accept: Accept = (wire) => {
    if (this.#state !== "accepting") return undefined;
    const client = new Client(this.#station, wire, ++this.#lastClient);
    if (this.#clients.size >= this.#settings.maxConnections) {
      client.refuse(Refusal.maxConnections);
    } else {
      this.#clients.set(this.#lastClient, client);
    }
    return client;
  };
}
