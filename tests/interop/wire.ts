const CRLF = "\r\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message as it stands on the wire. */
export interface Frame {
  readonly subject: string;
  readonly replyTo: string;
  /** Empty for a message without headers. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** A connection that hides and mends nothing: header blocks and payloads are given and taken as bytes. */
export class Wire implements Disposable {
  readonly #conn: Deno.TcpConn;
  #bytes = new Uint8Array(0);
  #subscriptions = 0;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to a `nats://` URL, as the user that it names. */
  static async connect(url: string): Promise<Wire> {
    const { hostname, port, username: user, password: pass } = new URL(url);
    const wire = new Wire(await Deno.connect({ hostname, port: Number(port) }));
    const options = { headers: true, no_responders: true, verbose: false, pedantic: false };
    const asked = user === "" ? options : { ...options, user, pass };
    await wire.#send(encoder.encode(`CONNECT ${JSON.stringify(asked)}${CRLF}`));
    return wire;
  }

  /** Resolves once the server has the subscription. */
  async subscribe(subject: string): Promise<void> {
    await this.#send(encoder.encode(`SUB ${subject} ${++this.#subscriptions}${CRLF}PING${CRLF}`));
    for (let line; (line = await this.#line()) !== "PONG";) {
      if (line.startsWith("-ERR")) throw new Error(`Cannot subscribe to "${subject}": ${line}`);
    }
  }

  async publish({ subject, replyTo, header, payload }: Frame): Promise<void> {
    const total = header.length + payload.length;
    const [verb, ...sizes] = header.length > 0 ? ["HPUB", header.length, total] : ["PUB", total];
    const line = [verb, subject, replyTo, ...sizes].filter((part) => part !== "").join(" ");
    const parts = [encoder.encode(line + CRLF), header, payload, encoder.encode(CRLF)];
    await this.#send(joined(parts));
  }

  /** The next message on a subject; those on others are passed over. */
  async next(subject: string): Promise<Frame> {
    for (;;) {
      const frame = await this.any();
      if (frame.subject === subject) return frame;
    }
  }

  /** The next message. */
  async any(): Promise<Frame> {
    for (;;) {
      const frame = await this.#message(await this.#line());
      if (frame) return frame;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #message(line: string): Promise<Frame | undefined> {
    const [verb, ...args] = line.split(" ");
    if (verb !== "MSG" && verb !== "HMSG") return undefined;
    const total = Number(args.pop());
    const headerSize = verb === "HMSG" ? Number(args.pop()) : 0;
    const [subject, , replyTo = ""] = args;
    const content = await this.#take(total);
    await this.#take(CRLF.length);
    const [header, payload] = [content.subarray(0, headerSize), content.subarray(headerSize)];
    return { subject: subject!, replyTo, header, payload };
  }

  async #line(): Promise<string> {
    while (!this.#bytes.includes(10)) await this.#read();
    const line = await this.#take(this.#bytes.indexOf(10) + 1);
    return decoder.decode(line).trimEnd();
  }

  async #take(size: number): Promise<Uint8Array> {
    while (this.#bytes.length < size) await this.#read();
    const taken = this.#bytes.slice(0, size);
    this.#bytes = this.#bytes.slice(size);
    return taken;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4_096);
    const size = await this.#conn.read(buffer);
    if (size === null) throw new Error("Cannot read as the connection must be open: closed");
    this.#bytes = joined([this.#bytes, buffer.subarray(0, size)]);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
