/**
 * What a user may publish or subscribe to: a list of subjects that are allowed, or what is allowed
 * and what is denied. A denial wins. A subscription's subject may name a queue group after a space,
 * as in `"jobs workers"`: then it speaks of that group alone.
 */
export type EmbeddedSubjects =
  | readonly string[]
  | { readonly allow?: readonly string[]; readonly deny?: readonly string[] };

/** What a user may do. What is left out is allowed. */
export interface EmbeddedPermissions {
  /**
   * Where it may publish.
   *
   * @default everywhere, or nowhere when `allowResponses` is given
   */
  readonly publish?: EmbeddedSubjects;
  /**
   * What it may subscribe to, and receive.
   *
   * @default everything
   */
  readonly subscribe?: EmbeddedSubjects;
  /**
   * May it publish to the reply subject of a message it received: `max` messages (default 1, -1 for
   * any number) within `expires` milliseconds (default 120 000, -1 for ever).
   *
   * @default false
   */
  readonly allowResponses?: boolean | { readonly max?: number; readonly expires?: number };
}

/** Someone who may connect to an {@linkcode EmbeddedServer}. */
export interface EmbeddedUser {
  /** The name to connect with. */
  readonly user: string;
  /** The password to connect with. */
  readonly password: string;
  /**
   * What it may do.
   *
   * @default everything
   */
  readonly permissions?: EmbeddedPermissions;
}

/** What {@linkcode EmbeddedServer.update} changes; what is not named stays as it is. */
export interface EmbeddedServerChanges {
  /** Who may connect; `undefined` lets everyone. */
  readonly users?: readonly EmbeddedUser[] | undefined;
  /** The token to connect with; `undefined` is none. */
  readonly token?: string | undefined;
  /** The greatest payload in bytes, headers included. */
  readonly maxPayload?: number;
  /** How many clients may be connected. */
  readonly maxConnections?: number;
  /** Milliseconds a client that comes from now on has to say who it is. */
  readonly authTimeout?: number;
}

/** Options of {@linkcode EmbeddedServer.start}. */
export interface EmbeddedServerOptions {
  /**
   * The TCP port; 0 has the system pick one.
   *
   * @default 0
   */
  readonly port?: number;
  /**
   * The address to listen on. Anything but loopback lets other machines in.
   *
   * @default "127.0.0.1"
   */
  readonly hostname?: string;
  /**
   * Listen at all? Without, only {@linkcode EmbeddedServer.socket} connects, and no permission is
   * needed.
   *
   * @default true
   */
  readonly listen?: boolean;
  /**
   * Listen for WebSockets too: `true` on a port that the system picks, or on the port given.
   *
   * @default false
   */
  readonly webSocket?: boolean | { readonly port: number };
  /**
   * The greatest payload in bytes, headers included.
   *
   * @default 1_048_576
   */
  readonly maxPayload?: number;
  /**
   * How many bytes may wait for one client before it is dropped as a slow consumer. Where four times as much waits for
   * all of them together, the slowest is dropped.
   *
   * @default 67_108_864
   */
  readonly maxPending?: number;
  /**
   * How many subscriptions one client may have. All clients together may have as many as fit into half a GiB, some
   * 1 000 000 of short subjects.
   *
   * @default 1_000_000
   */
  readonly maxSubscriptions?: number;
  /**
   * How many clients may be connected.
   *
   * @default 65_536
   */
  readonly maxConnections?: number;
  /**
   * Milliseconds between two pings. A client that leaves two unanswered is dropped.
   *
   * @default 120_000
   */
  readonly pingInterval?: number;
  /**
   * Milliseconds a client has to say who it is, where that is asked for.
   *
   * @default 2_000
   */
  readonly authTimeout?: number;
  /** The token to connect with. Not together with `users`. */
  readonly token?: string;
  /** Who may connect. Everyone may where there are neither users nor a token. */
  readonly users?: readonly EmbeddedUser[];
  /**
   * `"moved"` has the time stand still until {@linkcode EmbeddedServer.advance} moves it, by hours in milliseconds. It needs
   * `listen: false`. The program's own timers, and its `Date.now()`, are not moved; what waits for time, such as a `stop()`
   * with handlers at work, waits for `advance()`.
   *
   * @default "real"
   */
  readonly time?: "real" | "moved";
  /**
   * Support headers? `false` is a server older than 2.2.
   *
   * @default true
   */
  readonly headers?: boolean;
  /**
   * Keep streams? `false` is a server without JetStream. What is stored is in memory alone, also where a stream asks for
   * files, and is kept until the server stops: clients that are cut off and come again find it as it was. `maxMemory` is
   * how many bytes all streams together may hold; beyond that messages are refused with the error 10023, and streams
   * that would reserve more with 10028 or 10047. There are no mirrors, sources and clusters.
   *
   * @default { maxMemory: 268_435_456 }
   */
  readonly jetstream?: boolean | { readonly maxMemory?: number };
}
