import type { Duration } from "../../duration.ts";

/**
 * What a user may publish or subscribe to: a list of allowed subjects, or lists of allowed and denied subjects. A
 * denial wins. A subject to subscribe to may name a queue group after a space, as in `"jobs workers"`: then the entry
 * applies only to that group.
 */
export type EmbeddedSubjects =
  | readonly string[]
  | { readonly allow?: readonly string[]; readonly deny?: readonly string[] };

/** What a user may do. Everything is allowed that this does not restrict. */
export interface EmbeddedPermissions {
  /**
   * Where the user may publish.
   *
   * @default {everywhere, or nowhere when `allowResponses` is given}
   */
  readonly publish?: EmbeddedSubjects;
  /**
   * What the user may subscribe to, and receive.
   *
   * @default {everything}
   */
  readonly subscribe?: EmbeddedSubjects;
  /**
   * Whether the user may publish to the reply subject of a received message: `max` messages (default 1, -1 for any
   * number) within `expires` (default `"2m"`, -1 for ever).
   *
   * @default {false}
   */
  readonly allowResponses?: boolean | { readonly max?: number; readonly expires?: Duration };
}

/** A user who may connect to an {@linkcode EmbeddedServer}. */
export interface EmbeddedUser {
  /** The name to connect with. */
  readonly user: string;
  /** The password to connect with. */
  readonly password: string;
  /**
   * What the user may do.
   *
   * @default {everything}
   */
  readonly permissions?: EmbeddedPermissions;
}

/** What {@linkcode EmbeddedServer.update} changes; a missing property stays unchanged. */
export interface EmbeddedServerChanges {
  /** Who may connect; `undefined` lets everyone. */
  readonly users?: readonly EmbeddedUser[] | undefined;
  /** The token to connect with; `undefined` is none. */
  readonly token?: string | undefined;
  /** The greatest payload in bytes, headers included. */
  readonly maxPayload?: number;
  /** How many clients may be connected. */
  readonly maxConnections?: number;
  /** The time until a new client must have authenticated. */
  readonly authTimeout?: Duration;
}

/** Options of {@linkcode EmbeddedServer.start}. */
export interface EmbeddedServerOptions {
  /**
   * The TCP port; 0 has the system pick one.
   *
   * @default {0}
   */
  readonly port?: number;
  /**
   * The address to listen on. Anything but loopback lets other machines in.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
  /**
   * Whether to listen. With `false` clients connect only by {@linkcode EmbeddedServer.socket}, and the server needs no
   * permission.
   *
   * @default {true}
   */
  readonly listen?: boolean;
  /**
   * Whether to listen for WebSockets too: `true` on a port that the system picks, or on the given port.
   *
   * @default {false}
   */
  readonly webSocket?: boolean | { readonly port: number };
  /**
   * The greatest payload in bytes, headers included.
   *
   * @default {1_048_576}
   */
  readonly maxPayload?: number;
  /**
   * How many bytes may wait for one client before the server drops it as a slow consumer. If four times as much waits
   * for all clients together, the server drops the slowest.
   *
   * @default {67_108_864}
   */
  readonly maxPending?: number;
  /**
   * How many subscriptions one client may have. All clients together may have as many as fit into half a GiB, some
   * 1 000 000 of short subjects.
   *
   * @default {1_000_000}
   */
  readonly maxSubscriptions?: number;
  /**
   * How many clients may be connected.
   *
   * @default {65_536}
   */
  readonly maxConnections?: number;
  /**
   * The time between two pings. The server drops a client that leaves two pings unanswered.
   *
   * @default {120_000}
   */
  readonly pingInterval?: Duration;
  /**
   * The time until a client must have authenticated, if the server demands it.
   *
   * @default {2_000}
   */
  readonly authTimeout?: Duration;
  /** The token to connect with. Not together with `users`. */
  readonly token?: string;
  /** Who may connect. Everyone may connect if there are neither users nor a token. */
  readonly users?: readonly EmbeddedUser[];
  /**
   * `"moved"` stops the time until {@linkcode EmbeddedServer.advance} moves it, so that hours pass within milliseconds.
   * Needs `listen: false`. It does not move the program's own timers and its `Date.now()`; every wait of the server and
   * its brokers, such as a `stop()` with running handlers, waits for `advance()`.
   *
   * @default {"real"}
   */
  readonly time?: "real" | "moved";
  /**
   * Whether to support headers; `false` acts like a server older than 2.2.
   *
   * @default {true}
   */
  readonly headers?: boolean;
  /**
   * Whether to keep streams; `false` acts like a server without JetStream. The server stores everything in memory, even
   * if a stream asks for files, and keeps it until the server stops, so that clients find it again after a reconnect.
   * `maxMemory` is how many bytes all streams together may hold; beyond that the server refuses messages with the error
   * 10023, and streams that would reserve more with 10028 or 10047. It has no mirrors, sources and clusters.
   *
   * @default {true, with 268_435_456 bytes}
   */
  readonly jetstream?: boolean | { readonly maxMemory?: number };
}
