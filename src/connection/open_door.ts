import type { WsConnectionOptions } from "@nats-io/transport-deno";

/** What a client must hear to be let in. */
const INFO = `INFO ${JSON.stringify({ version: "2.10.0", proto: 1, headers: true })}\r\n`;
/** A client that is not let in gives up after so many milliseconds. */
const PATIENCE = 1_000;

const encoder = new TextEncoder();

type Hear = (event: { readonly data: ArrayBuffer }) => void;

/** A WebSocket that leads nowhere and answers as a server does that lets a client in. */
class OpenDoor {
  readonly bufferedAmount = 0;
  onclose: ((event: { readonly wasClean: boolean }) => void) | null = null;
  #hear: Hear | null = null;

  set onmessage(hear: Hear | null) {
    this.#hear = hear;
    this.#say(INFO);
  }

  send(): void {
    this.#say("PONG\r\n");
  }

  close(): void {
    this.onclose?.({ wasClean: true });
  }

  /** The client is in the middle of asking. */
  #say(words: string): void {
    queueMicrotask(() => this.#hear?.({ data: encoder.encode(words).buffer }));
  }
}

/** The options of a client that is let in without a server. */
export function openDoor(): WsConnectionOptions {
  const socket = new OpenDoor() as unknown as WebSocket;
  const wsFactory = () => Promise.resolve({ socket, encrypted: false });
  return {
    servers: "ws://localhost",
    resolve: false,
    reconnect: false,
    timeout: PATIENCE,
    wsFactory,
  };
}
