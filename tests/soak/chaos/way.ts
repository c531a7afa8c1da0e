import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { Proxy } from "../../support/proxy.ts";

/** What the bytes of the sender and of the services go through. */
export type Transport = "tcp" | "webSocket";

/** Starts a server that can be connected to over both. */
export function startServer(config = ""): Promise<NatsServer> {
  return NatsServer.start({ config, webSocket: true });
}

/** Where one connects over a transport. */
export function urlOf(server: NatsServer, over: Transport): string {
  return over === "tcp" ? server.url : server.webSocketUrl;
}

/** A way to the server that can be made to fail. */
export function wayTo(server: NatsServer, over: Transport): Promise<Proxy> {
  const { protocol, port } = new URL(urlOf(server, over));
  return Proxy.start(Number(port), protocol.slice(0, -1));
}
