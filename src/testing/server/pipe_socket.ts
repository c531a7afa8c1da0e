import { Pipe, type Travel } from "./pipe.ts";

const CLEAN = 1000;
const ABNORMAL = 1006;
const encoder = new TextEncoder();

/** A `WebSocket` to a server in the same process: no network, no handshake, no permission. */
export class PipeSocket extends EventTarget implements WebSocket {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url = "memory:";
  readonly protocol = "";
  readonly extensions = "";
  binaryType: BinaryType = "blob";
  onopen: ((this: WebSocket, event: Event) => unknown) | null = null;
  onmessage: ((this: WebSocket, event: MessageEvent) => unknown) | null = null;
  onclose: ((this: WebSocket, event: CloseEvent) => unknown) | null = null;
  onerror: ((this: WebSocket, event: Event | ErrorEvent) => unknown) | null = null;
  /** What carries its bytes. */
  readonly pipe: Pipe;
  #readyState: 0 | 1 | 2 | 3 = this.CONNECTING;
  #code: number = CLEAN;
  #reason = "";

  constructor(travel?: Travel) {
    super();
    const end = {
      opened: () => this.#opened(),
      arrived: (bytes: Uint8Array<ArrayBuffer>) => this.#arrived(bytes),
      closed: (clean: boolean) => this.#closed(clean),
    };
    this.pipe = new Pipe(end, travel);
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.pipe.buffered;
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.#readyState === this.CONNECTING) {
      throw new DOMException("Cannot send as the socket must be open", "InvalidStateError");
    }
    this.pipe.send(bytesOf(data));
  }

  close(code: number = CLEAN, reason = ""): void {
    if (this.#readyState >= this.CLOSING) return;
    this.#readyState = this.CLOSING;
    this.#code = code;
    this.#reason = reason;
    this.pipe.leave();
  }

  #opened(): void {
    this.#readyState = this.OPEN;
    this.#emit(new Event("open"));
  }

  #arrived(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#readyState !== this.OPEN) return;
    const data = this.binaryType === "arraybuffer" ? bytes.buffer : new Blob([bytes]);
    this.#emit(new MessageEvent("message", { data }));
  }

  #closed(wasClean: boolean): void {
    const refused = this.#readyState === this.CONNECTING;
    const code = wasClean ? this.#code : ABNORMAL;
    this.#readyState = this.CLOSED;
    if (refused) this.#emit(new ErrorEvent("error", { message: "connection refused" }));
    this.#emit(new CloseEvent("close", { wasClean, code, reason: this.#reason }));
  }

  /** an exception in a listener is for the program to handle, and must not lose later events */
  #emit(event: Event): void {
    try {
      if (event.type === "message") this.onmessage?.(event as MessageEvent);
      else if (event.type === "open") this.onopen?.(event);
      else if (event.type === "close") this.onclose?.(event as CloseEvent);
      else this.onerror?.(event);
    } catch (error) {
      reportError(error);
    }
    this.dispatchEvent(event);
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (typeof data === "string") return encoder.encode(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw new TypeError(`Cannot send as the data must be text or bytes: ${typeof data}`);
}
