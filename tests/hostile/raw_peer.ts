const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** A peer that writes what it likes, as no client would. */
export class RawPeer implements AsyncDisposable {
  readonly #socket: Deno.Conn;
  readonly #reading: Promise<void> | undefined;
  #heard: (text: string) => void = () => {};

  private constructor(socket: Deno.Conn, reads: boolean) {
    this.#socket = socket;
    this.#reading = reads ? this.#read() : undefined;
  }

  static async open(url: string, { reads = true } = {}): Promise<RawPeer> {
    const { hostname, port } = new URL(url);
    const peer = new RawPeer(await Deno.connect({ hostname, port: Number(port) }), reads);
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

  /** Gives what tells how often these words have been heard since. */
  count(words: string): () => number {
    let count = 0;
    let rest = "";
    this.#heard = (text) => {
      const parts = (rest + text).split(words);
      count += parts.length - 1;
      rest = parts.at(-1)!.slice(1 - words.length);
    };
    return () => count;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const size = await this.#socket.read(buffer).catch(() => null);
      if (size === null) return;
      this.#heard(decoder.decode(buffer.subarray(0, size)));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }
}
