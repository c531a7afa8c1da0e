const encoder = new TextEncoder();

/** A peer that writes what it likes, as no client would. */
export class RawPeer implements AsyncDisposable {
  readonly #socket: Deno.Conn;
  readonly #reading: Promise<void>;

  private constructor(socket: Deno.Conn) {
    this.#socket = socket;
    this.#reading = this.#read();
  }

  static async open(url: string): Promise<RawPeer> {
    const { hostname, port } = new URL(url);
    const peer = new RawPeer(await Deno.connect({ hostname, port: Number(port) }));
    await peer.write(`CONNECT {"verbose":false,"headers":true}\r\n`);
    return peer;
  }

  /** Sends a message of headers alone, whatever they are. */
  publish(subject: string, headers: string, reply: string): Promise<void> {
    const { length } = headers;
    return this.write(`HPUB ${subject} ${reply} ${length} ${length}\r\n${headers}\r\n`);
  }

  async write(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    // what is said does not matter
    while (await this.#socket.read(buffer).catch(() => null) !== null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }
}
