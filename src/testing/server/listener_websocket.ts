import { platformClock } from "../../clock.ts";
import { print } from "../../legible.ts";
import type { Accept, Receiver, Wire } from "./wire.ts";

const CLEAN = 1000;
/** How many bytes may wait in the socket before sending pauses. */
const HIGH_WATER = 256 * 1024;
/** The bytes of one frame at most: a socket keeps what it was given, even after the server has dropped its client. */
const LARGEST_FRAME = 128 * 1024;
/** How often to check whether a WebSocket has sent its bytes, in milliseconds: it has no event for that. */
const POLL = 2;
/** How many bytes a client may send while the server does not read; beyond that the server drops it. */
const MAX_HELD_BACK = 64 * 1024 * 1024;

/** Serves WebSockets on a port of their own. */
export class WebSocketListener {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #open = new Map<WebSocketWire, Promise<void>>();
  readonly #accept: Accept;
  readonly #accepting: (open: number) => boolean;

  /** `accepting` gets the number of open sockets, including those of dropped clients that have not closed. */
  constructor(
    options: { readonly hostname: string; readonly port: number },
    accept: Accept,
    accepting: (open: number) => boolean,
  ) {
    this.#accept = accept;
    this.#accepting = accepting;
    this.#server = Deno.serve(
      { ...options, onListen() {} },
      (request, { remoteAddr }) => this.#serve(request, remoteAddr.hostname),
    );
  }

  /** The port it listens on. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Stops listening, closes all sockets, and settles once they have ended. */
  async stop(): Promise<void> {
    const gone = [...this.#open.values()];
    for (const wire of this.#open.keys()) wire.close();
    await Promise.all([this.#server.shutdown(), ...gone]);
  }

  #serve(request: Request, address: string): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("WebSocket only\n", { status: 400 });
    }
    // a client waits long for the first line on an open socket, and fails at once if the socket does not open
    if (!this.#accepting(this.#open.size)) return new Response("Paused\n", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    const wire = new WebSocketWire(socket, address);
    this.#open.set(wire, wire.serve(this.#accept).finally(() => this.#open.delete(wire)));
    return response;
  }
}

class WebSocketWire implements Wire {
  readonly address: string;
  readonly #socket: WebSocket;
  #receiver: Receiver | undefined;
  #turn: Promise<void> | undefined;
  #heldBack = 0;
  /** Ends the wait for a client that is slow to read. */
  #wake: () => void = () => {};

  constructor(socket: WebSocket, address: string) {
    this.#socket = socket;
    this.address = address;
    socket.binaryType = "arraybuffer";
  }

  /** Settles when the socket is closed. */
  serve(accept: Accept): Promise<void> {
    const socket = this.#socket;
    socket.onopen = () => {
      this.#receiver = accept(this);
      if (!this.#receiver) this.close();
    };
    socket.onmessage = ({ data }) =>
      this.#take(typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data));
    return new Promise((resolve) => {
      // the close event follows every error; without a listener the error would end the process
      socket.onerror = (event) => event.preventDefault();
      socket.onclose = () => {
        this.#wake();
        this.#receiver?.ended();
        void Promise.resolve(this.#turn).then(resolve);
      };
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += LARGEST_FRAME) {
      this.#socket.send(bytes.slice(at, at + LARGEST_FRAME));
      while (this.#socket.bufferedAmount > HIGH_WATER) {
        await this.#poll();
        // a client that does not read does not answer the close either
        if (this.#socket.readyState >= WebSocket.CLOSING) throw new Error("closed");
      }
    }
  }

  end(): void {
    this.#socket.close(CLEAN);
  }

  /** Waits a little, or until the socket is closed. */
  #poll(): Promise<void> {
    return new Promise((resolve) => {
      const timer = platformClock.setTimeout(resolve, POLL);
      this.#wake = () => {
        timer.clear();
        resolve();
      };
    });
  }

  close(): void {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close(CLEAN);
  }

  #take(bytes: Uint8Array): void {
    if (!this.#turn) return this.#await(this.#receive(bytes));
    this.#heldBack += bytes.length;
    if (this.#heldBack > MAX_HELD_BACK) return this.close();
    this.#await(this.#turn.then(() => {
      this.#heldBack -= bytes.length;
      return this.#receive(bytes);
    }));
  }

  /** invalid data ends this connection alone */
  #receive(bytes: Uint8Array): Promise<void> | undefined {
    const fail = (error: unknown) => {
      print(error);
      this.close();
    };
    try {
      return this.#receiver?.receive(bytes)?.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** wait until the latest message was read: the end of an earlier one must not admit a later one */
  #await(reading: Promise<void> | undefined): void {
    if (!reading) return;
    const turn = this.#turn = reading.finally(() => {
      if (this.#turn === turn) this.#turn = undefined;
    });
  }
}
