/**
 * Stands in for `jsr:@nats-io/transport-deno`: the same client, from its package on npm, over Deno's sockets. The
 * client's own transport for Node would do, but for three things: a connection that is refused can end the process
 * with an error that nobody listens for, names need more permission, and there is no Deno socket to tune.
 *
 * @module
 */
import {
  type ConnectionOptions,
  errors,
  hasWsProtocol,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from "./client.ts";
import { lookUp, SocketTransport } from "./socket_transport.ts";

export * from "npm:@nats-io/nats-core@3.4.0";

/** Connects over TCP. */
export function connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
  if (hasWsProtocol(options)) {
    return Promise.reject(new errors.InvalidArgumentError("WebSockets are for wsconnect"));
  }
  setTransportFactory({ factory: () => new SocketTransport(), dnsResolveFn: lookUp });
  return NatsConnectionImpl.connect(options);
}
