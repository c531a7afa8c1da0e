import { print } from "../legible.ts";
import { HUNG_UP } from "./client_errors.ts";
import { ConnectionError } from "../errors.ts";

/** `WebSocket.CLOSED`; the global would load Deno's WebSockets, also for a program that uses none. */
const CLOSED = 3;

/** The members of a WebSocket that the client's transport uses. */
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
 * A WebSocket that can be cancelled. The client waits until a socket has sent everything, and then until the server has
 * answered the close frame. A server that stands still would block the reconnect and the broker's `stop()` for ever.
 */
export class CancellableSocket implements Used {
  onclose: WebSocket["onclose"] = null;
  onerror: WebSocket["onerror"] = null;
  onmessage: WebSocket["onmessage"] = null;
  onopen: WebSocket["onopen"] = null;
  /** The client waits until this is 0 before it closes. */
  readonly bufferedAmount = 0;
  readonly #socket: WebSocket;
  #isCancelled = false;
  #hasReceived = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onopen = (event) => this.#unlessCancelled(() => this.#dispatch("onopen", event));
    socket.onmessage = (event) =>
      this.#unlessCancelled(() => {
        this.#hasReceived = true;
        this.#dispatch("onmessage", event);
      });
    socket.onerror = (event) => this.#unlessCancelled(() => this.#dispatch("onerror", event));
    socket.onclose = (event) => this.#unlessCancelled(() => this.#end(event));
  }

  /** How many bytes wait in the socket. */
  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  get readyState(): WebSocket["readyState"] {
    return this.#isCancelled ? CLOSED : this.#socket.readyState;
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

  /** Sends the close frame, and reports the end to the client without waiting for an answer. */
  close(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#socket.close();
    queueMicrotask(() => this.#end(new CloseEvent("close")));
  }

  #unlessCancelled(work: () => void): void {
    if (!this.#isCancelled) work();
  }

  /** Without an error the client would wait for its whole timeout for the first message of the server. */
  #end(event: CloseEvent): void {
    if (!this.#hasReceived) {
      this.#dispatch("onerror", new ErrorEvent("error", { message: HUNG_UP }));
    }
    this.#dispatch("onclose", event);
  }

  #dispatch<E extends Event>(name: "onopen" | "onmessage" | "onerror" | "onclose", event: E): void {
    const handler = this[name] as ((this: WebSocket, event: E) => unknown) | null;
    try {
      handler?.call(this.#socket, event);
    } catch (error) {
      // an exception in an event handler would end the process: end the connection instead, which reconnects
      print(error);
      this.close();
    }
  }
}

/** Makes the sockets of a factory cancellable. */
export function cancellable(factory: SocketFactory): SocketFactory {
  return async (url) => {
    const { socket, encrypted } = await factory(url);
    return { socket: new CancellableSocket(socket) as unknown as WebSocket, encrypted };
  };
}

const TURNS = 16;

/**
 * Replaces a WebSocket whose constructor threw, as without permission for its address, and fails soon. With the
 * exception itself the client would wait for ever for the end of a socket.
 */
class FailedSocket {
  onclose: WebSocket["onclose"] = null;
  onerror: WebSocket["onerror"] = null;
  onmessage: WebSocket["onmessage"] = null;
  onopen: WebSocket["onopen"] = null;
  binaryType: BinaryType = "arraybuffer";
  readonly bufferedAmount = 0;
  readonly readyState = CLOSED;

  constructor(error: Error) {
    this.#fail(error).catch(() => {});
  }

  send(): void {}

  close(): void {}

  /** Waits, as the client sets its handlers some turns after it gets the socket. */
  async #fail({ message }: Error): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    const socket = this as unknown as WebSocket;
    this.onerror?.call(socket, new ErrorEvent("error", { message }));
    this.onclose?.call(socket, new CloseEvent("close"));
  }
}

/** Makes a WebSocket for a URL, in the client's form. */
export type SocketFactory = (
  url: string,
) => Promise<{ readonly socket: WebSocket; readonly encrypted: boolean }>;

/**
 * Reads the certificate of a private authority, and checks it: for an invalid one Deno's transport would only report
 * "Bad resource ID".
 *
 * @throws {ConnectionError}
 */
export async function readAuthority(caFile: string): Promise<string> {
  try {
    const certificate = await Deno.readTextFile(caFile);
    Deno.createHttpClient({ caCerts: [certificate] }).close();
    return certificate;
  } catch (cause) {
    const rule = `"caFile" must be a certificate that can be read`;
    const sentence = `Cannot connect as ${rule}: ${(cause as Error).message}`;
    throw new ConnectionError(sentence, "tls", { cause });
  }
}

/** Makes WebSockets that trust an authority. */
export function trustingSockets(authority: string): SocketFactory {
  return (url) => {
    const client = Deno.createHttpClient({ caCerts: [authority] });
    const socket = madeWith(client, url);
    for (const change of ["open", "error"]) {
      socket.addEventListener(change, () => client[Symbol.dispose](), { once: true });
    }
    return Promise.resolve({ socket, encrypted: url.startsWith("wss:") });
  };
}

function madeWith(client: Deno.HttpClient, url: string): WebSocket {
  try {
    return new WebSocket(url, { client });
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

/** Makes WebSockets, and records why the last one failed, as the client may not report it. */
export class RecordedSockets {
  readonly #factory: SocketFactory;
  /** The exception of the last one's constructor. */
  unmade: Error | undefined;
  /** The error event of the last one. */
  failure: Error | undefined;

  constructor(factory: SocketFactory = plainSockets) {
    this.#factory = factory;
  }

  readonly factory: SocketFactory = async (url) => {
    this.unmade = this.failure = undefined;
    try {
      const made = await this.#factory(url);
      made.socket.addEventListener("error", (event) => {
        this.failure = new Error((event as ErrorEvent).message);
      }, { once: true });
      return made;
    } catch (error) {
      this.unmade = error as Error;
      return { socket: new FailedSocket(this.unmade) as unknown as WebSocket, encrypted: false };
    }
  };
}

/** Makes ordinary sockets; rejects if the constructor throws. */
const plainSockets: SocketFactory = (url) =>
  Promise.try(() => ({ socket: new WebSocket(url), encrypted: url.startsWith("wss:") }));
