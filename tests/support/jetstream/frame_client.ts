/** A message as it came: byte strings, nothing made of them. */
export interface Frame {
  readonly sid: string;
  readonly subject: string;
  readonly reply: string;
  readonly headers: string;
  readonly body: string;
}

/** What is sent with a message. */
export interface Sent {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly reply?: string | undefined;
}

const encoder = new TextEncoder();
/** The real server sometimes leaves two spaces where a reply would be. */
const LINE = /^(?:HMSG (\S+) (\S+) +(?:(\S+) )?(\d+) (\d+)|MSG (\S+) (\S+) +(?:(\S+) )?(\d+))$/;

/** A client that speaks the protocol by itself, so that nothing between hides what a server says. */
export class FrameClient implements AsyncDisposable {
  readonly #wire: Wire;
  readonly #frames: Frame[] = [];
  #text = "";
  #pongs = 0;
  #lastSid = 0;
  #lastInbox = 0;
  #wake = Promise.withResolvers<void>();
  /** What the server complained of. */
  readonly errors: string[] = [];

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Connects over TCP, and listens to an inbox of its own. */
  static async connect(
    port: number,
    request: Record<string, unknown> = {},
  ): Promise<FrameClient> {
    const wire = new TcpWire(await Deno.connect({ hostname: "127.0.0.1", port }));
    return await FrameClient.#greet(wire, request);
  }

  /** Connects to a server of this URL. */
  static to({ url }: { readonly url: string }, request?: Record<string, unknown>) {
    return FrameClient.connect(Number(new URL(url).port), request);
  }

  /** Connects through a socket in memory. */
  static async over(
    socket: WebSocket,
    request: Record<string, unknown> = {},
  ): Promise<FrameClient> {
    return await FrameClient.#greet(new SocketWire(socket), request);
  }

  static async #greet(wire: Wire, request: Record<string, unknown>): Promise<FrameClient> {
    const client = new FrameClient(wire);
    wire.read((text) => client.#receive(text));
    const quiet = { verbose: false, pedantic: false, headers: true, no_responders: true };
    await client.say(`CONNECT ${JSON.stringify({ ...quiet, ...request })}\r\n`);
    await client.say(`SUB _INBOX.frames.> inbox\r\n`);
    await client.flush();
    return client;
  }

  /** Subscribes, and gives the id. */
  async subscribe(subject: string, queue = ""): Promise<string> {
    const sid = `s${++this.#lastSid}`;
    await this.say(`SUB ${subject} ${queue === "" ? "" : `${queue} `}${sid}\r\n`);
    await this.flush();
    return sid;
  }

  /** Ends a subscription. */
  async unsubscribe(sid: string): Promise<void> {
    await this.say(`UNSUB ${sid}\r\n`);
    await this.flush();
  }

  /** Publishes. */
  async publish(subject: string, { headers, body = "", reply = "" }: Sent = {}): Promise<void> {
    const size = encoder.encode(body).length;
    const to = reply === "" ? "" : `${reply} `;
    if (!headers) return await this.say(`PUB ${subject} ${to}${size}\r\n${body}\r\n`);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const block = `NATS/1.0\r\n${lines.join("")}\r\n`;
    const head = encoder.encode(block).length;
    await this.say(`HPUB ${subject} ${to}${head} ${head + size}\r\n${block}${body}\r\n`);
  }

  /** Asks, and gives so many answers, or those that came within the time. */
  async ask(subject: string, sent: Sent = {}, answers = 1, within = 20_000): Promise<Frame[]> {
    const reply = this.inbox();
    await this.publish(subject, { ...sent, reply });
    return await this.take((frame) => frame.subject === reply, answers, within);
  }

  /** An address that only this client listens to. */
  inbox(): string {
    return `_INBOX.frames.${++this.#lastInbox}`;
  }

  /** Asks for JSON. */
  // deno-lint-ignore no-explicit-any -- each answer has a shape of its own
  async json(subject: string, body: unknown = ""): Promise<any> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const [answer] = await this.ask(subject, { body: text });
    if (!answer) throw new Error(`Nobody answered on ${subject}`);
    return answer.body === ""
      ? { status: answer.headers.split("\r\n")[0] }
      : JSON.parse(answer.body);
  }

  /** Makes a consumer of stream A. */
  createConsumer(name: string, config: object = {}) {
    const said = { durable_name: name, ack_policy: "explicit", ...config };
    const subject = `$JS.API.CONSUMER.CREATE.A.${name}`;
    return this.json(subject, { stream_name: "A", config: said });
  }

  /** Takes so many of the messages that came or come, or those that came within the time. */
  async take(
    wanted: (frame: Frame) => boolean,
    count: number,
    within = 20_000,
  ): Promise<Frame[]> {
    const taken: Frame[] = [];
    const deadline = Date.now() + within;
    for (;;) {
      for (let i = 0; i < this.#frames.length && taken.length < count;) {
        if (wanted(this.#frames[i]!)) taken.push(...this.#frames.splice(i, 1));
        else i++;
      }
      const left = deadline - Date.now();
      if (taken.length >= count || left <= 0) return taken;
      await this.#woken(left);
    }
  }

  /** Resolves once the server has read all that was said. */
  async flush(): Promise<void> {
    const wanted = this.#pongs + 1;
    await this.say("PING\r\n");
    while (this.#pongs < wanted) await this.#wake.promise;
  }

  async say(text: string): Promise<void> {
    await this.#wire.write(encoder.encode(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire.close();
  }

  async #woken(within: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, within));
    await Promise.race([this.#wake.promise, late]);
    clearTimeout(timer);
  }

  #receive(text: string): void {
    this.#text += text;
    while (this.#readOne());
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    resolve();
  }

  #readOne(): boolean {
    const end = this.#text.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#text.slice(0, end);
    const match = LINE.exec(line);
    if (!match) {
      if (line === "PONG") this.#pongs++;
      // a server that has hung up meanwhile hears nothing
      if (line === "PING") this.say("PONG\r\n").catch(() => {});
      if (line.startsWith("-ERR")) this.errors.push(line);
      this.#text = this.#text.slice(end + 2);
      return true;
    }
    const [, hSubject, hSid, hReply, head = "0", hSize, subject, sid, reply, size] = match;
    const length = Number(hSize ?? size);
    const from = end + 2;
    if (this.#text.length < from + length + 2) return false;
    const payload = this.#text.slice(from, from + length);
    this.#text = this.#text.slice(from + length + 2);
    this.#frames.push({
      sid: (hSid ?? sid)!,
      subject: (hSubject ?? subject)!,
      reply: hReply ?? reply ?? "",
      headers: payload.slice(0, Number(head)),
      body: payload.slice(Number(head)),
    });
    return true;
  }
}

interface Wire {
  write(bytes: Uint8Array): Promise<void>;
  /** Has everything that comes be taken, as byte strings. */
  read(take: (text: string) => void): void;
  close(): Promise<void>;
}

class TcpWire implements Wire {
  readonly #conn: Deno.TcpConn;
  #reading: Promise<void> = Promise.resolve();

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  read(take: (text: string) => void): void {
    this.#reading = this.#read(take);
  }

  async close(): Promise<void> {
    this.#conn.close();
    await this.#reading;
  }

  async #read(take: (text: string) => void): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
        take(byteString(buffer.subarray(0, n)));
      }
    } catch {
      // closed from here
    }
  }
}

class SocketWire implements Wire {
  readonly #socket: WebSocket;
  readonly #open: Promise<unknown>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    this.#open = new Promise((resolve) => socket.onopen = resolve);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#open;
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  read(take: (text: string) => void): void {
    this.#socket.onmessage = ({ data }) => take(byteString(new Uint8Array(data)));
  }

  close(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }
}

function byteString(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 1_024) {
    text += String.fromCharCode(...bytes.subarray(i, i + 1_024));
  }
  return text;
}
