/** A client of the bare protocol, for what a NATS client hides or mends. */
export class RawClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #decoder = new TextDecoder();
  #text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /** The next line the server sends; undefined once it has closed the connection. */
  async line(): Promise<string | undefined> {
    const buffer = new Uint8Array(4_096);
    while (!this.#text.includes("\r\n")) {
      const size = await this.#conn.read(buffer);
      if (size === null) return undefined;
      this.#text += this.#decoder.decode(buffer.subarray(0, size), { stream: true });
    }
    const end = this.#text.indexOf("\r\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  /** The next INFO of the server. */
  async info(): Promise<Record<string, unknown>> {
    for (let line; (line = await this.line()) !== undefined;) {
      if (line.startsWith("INFO ")) return JSON.parse(line.slice(5));
    }
    throw new Error("Cannot read INFO as the connection must be open: closed");
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
