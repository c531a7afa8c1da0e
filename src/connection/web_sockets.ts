import { print } from "../legible.ts";
import { HUNG_UP } from "./client_errors.ts";
import { ConnectionError } from "../errors.ts";

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
export class AbandonableSocket implements Used {
  onclose: WebSocket["onclose"] = null;
  onerror: WebSocket["onerror"] = null;
  onmessage: WebSocket["onmessage"] = null;
  onopen: WebSocket["onopen"] = null;
  /** What the client waits for before it closes; what has not been sent by then is not ours to wait for. */
  readonly bufferedAmount = 0;
  readonly #socket: WebSocket;
  #isAbandoned = false;
  #hasHeard = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onopen = (event) => this.#unlessAbandoned(() => this.#tell("onopen", event));
    socket.onmessage = (event) =>
      this.#unlessAbandoned(() => {
        this.#hasHeard = true;
        this.#tell("onmessage", event);
      });
    socket.onerror = (event) => this.#unlessAbandoned(() => this.#tell("onerror", event));
    socket.onclose = (event) => this.#unlessAbandoned(() => this.#end(event));
  }

  /** How many bytes wait in the socket. */
  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  get readyState(): WebSocket["readyState"] {
    return this.#isAbandoned ? CLOSED : this.#socket.readyState;
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
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#socket.close();
    queueMicrotask(() => this.#end(new CloseEvent("close")));
  }

  #unlessAbandoned(work: () => void): void {
    if (!this.#isAbandoned) work();
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
export function abandonable(factory: SocketFactory): SocketFactory {
  return async (url) => {
    const { socket, encrypted } = await factory(url);
    return { socket: new AbandonableSocket(socket) as unknown as WebSocket, encrypted };
  };
}

const TURNS = 16;

/**
 * Stands for a WebSocket that could not be made, as for an address without permission, and fails soon. Told of the error
 * itself, the client would wait for ever for the end of a socket that never was.
 */
export class FailedSocket {
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

  /** The client listens some turns after it has got its socket. */
  async #fail({ message }: Error): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    const socket = this as unknown as WebSocket;
    this.onerror?.call(socket, new ErrorEvent("error", { message }));
    this.onclose?.call(socket, new CloseEvent("close"));
  }
}

/** Makes a WebSocket for an URL, as the client wants it. */
export type SocketFactory = (
  url: string,
) => Promise<{ readonly socket: WebSocket; readonly encrypted: boolean }>;

/**
 * Reads the certificate of a private authority. Looked at before a dial, as Deno's transport says no more than "Bad
 * resource ID" of one that it cannot use.
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

/** Makes WebSockets, and keeps what the last of them failed of: the client may not tell. */
export class RecordedSockets {
  readonly #factory: SocketFactory;
  /** Why the last one could not even be made. */
  unmade: Error | undefined;
  /** What the last one failed of. */
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

/** Nothing but sockets; the rejection of one without permission is noted. */
const plainSockets: SocketFactory = (url) =>
  Promise.try(() => ({ socket: new WebSocket(url), encrypted: url.startsWith("wss:") }));
