/** A client that says what it is told to and remembers what it hears, byte for byte. */
export class RawClient implements AsyncDisposable {
  readonly #conn: Deno.TcpConn;
  readonly #reading: Promise<void>;
  #heard = "";
  #ended = false;
  #wake = Promise.withResolvers<void>();

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#reading = this.#read();
  }

  /** Connects and leaves INFO unread. */
  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Connects, and says CONNECT with what is given over quiet defaults. */
  static async greet(port: number, request: Record<string, unknown> = {}): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.until("\r\n");
    const quiet = { verbose: false, pedantic: false, headers: true };
    await client.say(`CONNECT ${JSON.stringify({ ...quiet, ...request })}\r\n`);
    return client;
  }

  /** Sends text, one byte per character. */
  async say(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Waits until the text was heard, and gives everything up to its end, once. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#heard.indexOf(text);
      if (at !== -1) return this.#take(at + text.length);
      if (this.#ended) throw new Error(`closed before ${JSON.stringify(text)}: ${this.#heard}`);
      await this.#wake.promise;
    }
  }

  /**
   * Says something and gives what is heard up to the answer to a PING after it, but for the PINGs of the server: the
   * first comes after two seconds, and a busy machine takes as long for some tests.
   */
  async ask(text: string): Promise<string> {
    await this.say(`${text}PING\r\n`);
    const heard = await this.until("PONG\r\n");
    return withoutPings(heard.slice(0, -"PONG\r\n".length));
  }

  /** Gives what is heard until the server closes, but for its PINGs. */
  async untilClosed(): Promise<string> {
    return withoutPings(await this.allUntilClosed());
  }

  /** The same with its PINGs. */
  async allUntilClosed(): Promise<string> {
    while (!this.#ended) await this.#wake.promise;
    return this.#take(this.#heard.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#reading;
  }

  #close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }

  #take(length: number): string {
    const taken = this.#heard.slice(0, length);
    this.#heard = this.#heard.slice(length);
    return taken;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
        for (let i = 0; i < n; i += 1024) {
          this.#heard += String.fromCharCode(...buffer.subarray(i, Math.min(i + 1024, n)));
        }
        this.#rouse();
      }
    } catch {
      // Reset by the server, or closed from here.
    }
    this.#close();
    this.#ended = true;
    this.#rouse();
  }

  #rouse(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    resolve();
  }
}

function withoutPings(heard: string): string {
  return heard.replaceAll(/^PING\r\n/gm, "");
}
