import { idOf } from "../handlers/orders.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CONNECT = 'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n';
const PING = "PING\r\n";
const PONG = "PONG\r\n";

/**
 * Publishes what was encoded beforehand, so that what takes time is the system and the server alone: the limit of whoever
 * publishes.
 */
export class RawSocket implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #type: string;
  readonly #body: string;
  readonly #batches = new Map<string, Uint8Array>();
  readonly #piece = new Uint8Array(65_536);
  /** How many are to be published, by their subject. */
  #waiting = new Map<string, number>();

  private constructor(connection: Deno.TcpConn, type: string, body: string) {
    this.#connection = connection;
    this.#type = type;
    this.#body = body;
  }

  /** Connects to a `nats://` URL. */
  static async connect(url: string, type: string, body: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    connection.setNoDelay(true);
    const socket = new RawSocket(connection, type, body);
    await socket.#exchange(encoder.encode(CONNECT + PING));
    return socket;
  }

  publish(subject: string): void {
    this.#waiting.set(subject, (this.#waiting.get(subject) ?? 0) + 1);
  }

  /** Resolves once the server has all that was published. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [subject, count] of waiting) await this.#exchange(this.#batch(subject, count));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  /** So many messages with our headers, and a ping. */
  #batch(subject: string, count: number): Uint8Array {
    const key = `${subject} ${count}`;
    const made = this.#batches.get(key);
    if (made) return made;
    const headers = `NATS/1.0\r\ncontent-type: ${this.#type}\r\ncorrelation_id: ${
      idOf(count)
    }\r\n\r\n`;
    const size = headers.length + this.#body.length;
    const message = `HPUB ${subject} ${headers.length} ${size}\r\n${headers}${this.#body}\r\n`;
    const batch = encoder.encode(message.repeat(count) + PING);
    this.#batches.set(key, batch);
    return batch;
  }

  async #exchange(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    for (let text = ""; !text.endsWith(PONG);) {
      const length = await this.#connection.read(this.#piece);
      if (length === null) throw new Error("Cannot publish as the server must stay: it has left");
      text += decoder.decode(this.#piece.subarray(0, length));
    }
  }
}
