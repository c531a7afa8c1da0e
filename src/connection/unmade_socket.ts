const CLOSED = 3;
const TURNS = 16;

/**
 * Stands for a WebSocket that could not be made, as for an address without permission, and fails soon. Told of the error
 * itself, the client would wait for ever for the end of a socket that never was.
 */
export class UnmadeSocket {
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
