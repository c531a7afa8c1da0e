/** Takes connections over TCP and serves each, until it is disposed of. */
export class Listening implements AsyncDisposable {
  /** How many connections it has taken. */
  dials = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #ended: Promise<void>;

  /** A connection is closed once it has been served. */
  constructor(serve: (connection: Deno.TcpConn) => Promise<void>) {
    this.#ended = this.#accept(serve);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Says these very bytes to everyone who is connected. */
  async say(bytes: Uint8Array): Promise<void> {
    await Promise.all([...this.#connections].map((one) => write(one, bytes)));
  }

  /** Ends every connection. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#ended;
  }

  async #accept(serve: (connection: Deno.TcpConn) => Promise<void>): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.dials++;
      this.#connections.add(connection);
      const end = () => {
        this.#connections.delete(connection);
        close(connection);
      };
      serving.push(serve(connection).catch(() => {}).finally(end));
    }
    await Promise.all(serving);
  }
}

/** Writes all of it. */
export async function write(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // it has been closed from elsewhere
  }
}
