import { print } from "../thrown.ts";
import type { SocketFactory } from "./trust.ts";
import { HUNG_UP } from "./verdicts.ts";

/** Read once: the class is made when it is first named, and looked up again every time. */
const { CLOSED } = WebSocket;

/** As much of a WebSocket as the client's transport uses. */
type Used = Pick<
  WebSocket,
  | "binaryType"
  | "bufferedAmount"
  | "close"
  | "onclose"
  | "onerror"
  | "onmessage"
  | "onopen"
  | "readyState"
  | "send"
>;

/**
 * A WebSocket that can be left behind. The client waits until a socket has sent all that it has, and then until the other
 * end has answered its farewell; a server that stands still does neither, so that the connection would never come back,
 * and a program never stop.
 */
export class LeavableSocket implements Used {
  onclose: WebSocket["onclose"] = null;
  onerror: WebSocket["onerror"] = null;
  onmessage: WebSocket["onmessage"] = null;
  onopen: WebSocket["onopen"] = null;
  /** What the client waits for before it closes; what has not been sent by then is not ours to wait for. */
  readonly bufferedAmount = 0;
  readonly #socket: WebSocket;
  #isLeft = false;
  #hasHeard = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onopen = (event) => this.#unlessLeft(() => this.#tell("onopen", event));
    socket.onmessage = (event) =>
      this.#unlessLeft(() => {
        this.#hasHeard = true;
        this.#tell("onmessage", event);
      });
    socket.onerror = (event) => this.#unlessLeft(() => this.#tell("onerror", event));
    socket.onclose = (event) => this.#unlessLeft(() => this.#end(event));
  }

  /** How many bytes wait in the socket. */
  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  get readyState(): WebSocket["readyState"] {
    return this.#isLeft ? CLOSED : this.#socket.readyState;
  }

  get binaryType(): BinaryType {
    return this.#socket.binaryType;
  }

  set binaryType(type: BinaryType) {
    this.#socket.binaryType = type;
  }

  send(data: Parameters<WebSocket["send"]>[0]): void {
    this.#socket.send(data);
  }

  /** Says farewell, and is closed for the client whether or not it is answered. */
  close(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#socket.close();
    queueMicrotask(() => this.#end(new CloseEvent("close")));
  }

  #unlessLeft(work: () => void): void {
    if (!this.#isLeft) work();
  }

  /** The client waits for all of its time for the first word of a server, unless that is an error. */
  #end(event: CloseEvent): void {
    if (!this.#hasHeard) this.#tell("onerror", new ErrorEvent("error", { message: HUNG_UP }));
    this.#tell("onclose", event);
  }

  #tell<E extends Event>(name: "onopen" | "onmessage" | "onerror" | "onclose", event: E): void {
    const handler = this[name] as ((this: WebSocket, event: E) => unknown) | null;
    try {
      handler?.call(this.#socket, event);
    } catch (error) {
      // out of the socket's own event it would end the process; the connection ends, and comes back
      print(error);
      this.close();
    }
  }
}

/** Makes sockets of a factory that can be left behind. */
export function leavable(factory: SocketFactory): SocketFactory {
  return async (url) => {
    const { socket, encrypted } = await factory(url);
    return { socket: new LeavableSocket(socket) as unknown as WebSocket, encrypted };
  };
}
