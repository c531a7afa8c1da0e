import { type Frame, Wire } from "./wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);
/** What this side takes at a time. */
const WINDOW = { frames: 2, bytes: 1_024 };

/**
 * The opener of a session, written from `src/link/PROTOCOL.md` alone, over bytes: text in order and one reader. It
 * imports nothing of the package.
 */
export class PagePeer implements Disposable {
  readonly #wire: Wire;
  readonly #own: string;
  #other = "";
  /** Where everything is sent to: the address of the acceptance. */
  #to = "";
  #serial = 1;
  #sent = 0;
  #received = 0;
  #bytes = 0;
  #room = 0;
  #hasEnded = false;
  /** Names of all frames that came, in order. */
  readonly heard: string[] = [];

  private constructor(wire: Wire, own: string) {
    this.#wire = wire;
    this.#own = own;
  }

  /** Opens a session; the inbox must be one that nobody has used. */
  static async open(url: string, subject: string, inbox: string): Promise<PagePeer> {
    const wire = await Wire.connect(url);
    await wire.subscribe(`${inbox}.*`);
    const peer = new PagePeer(wire, inbox);
    await peer.#begin(subject);
    return peer;
  }

  /** Sends a text, once there is room. */
  async send(text: string): Promise<void> {
    while (this.#sent >= this.#room) await this.#step();
    await this.#say(`${++this.#sent}t`, text);
  }

  /** The next text; `undefined` once the other side has ended the session. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const text = await this.#step();
      if (text !== undefined || this.#hasEnded) return text;
    }
  }

  /** Says that nothing more comes from here. */
  end(): Promise<void> {
    return this.#say(`${++this.#sent}e`);
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }

  async #begin(subject: string): Promise<void> {
    const { frames, bytes } = WINDOW;
    const terms = `1 session frames=${frames} bytes=${bytes} body=1024 responses=0`;
    const header = encoder.encode(`NATS/1.0\r\nSignalbox-Link: ${terms}\r\n\r\n`);
    const replyTo = `${this.#own}.o1`;
    await this.#wire.publish({ subject, replyTo, header, payload: encoder.encode("hello") });
    const acceptance = await this.#answer();
    const told = /^signalbox-link: 1 session (.*)\r$/im.exec(decoder.decode(acceptance.header));
    if (!told) throw new Error(`Cannot open "${subject}": ${decoder.decode(acceptance.header)}`);
    this.#to = acceptance.replyTo;
    this.#other = acceptance.replyTo.slice(0, acceptance.replyTo.lastIndexOf(".") + 1);
    this.#room = Number(/\bframes=(\d+)/.exec(told[1]!)![1]);
    // the third word
    await this.#tell("c");
  }

  /** What the opening is answered with; frames of one whose acceptance was lost are none. */
  async #answer(): Promise<Frame> {
    for (;;) {
      const frame = await this.#wire.any();
      const isFrame = /\.(?:\d+[tjbuhmefs]|[ocpgqdx]\d+)$/.test(frame.replyTo);
      const hasTerms = /^signalbox-link:/im.test(decoder.decode(frame.header));
      if (hasTerms || !isFrame) return frame;
    }
  }

  /** Takes one frame; gives its text, if it has one. */
  async #step(): Promise<string | undefined> {
    const { replyTo, header, payload } = await this.#wire.any();
    if (!replyTo.startsWith(this.#other)) return undefined;
    const name = replyTo.slice(this.#other.length);
    this.heard.push(name);
    const numbered = /^(\d+)([tjbuhmef])$/.exec(name);
    if (numbered) {
      const size = header.length + payload.length;
      return await this.#take(Number(numbered[1]), numbered[2]!, payload, size);
    }
    if (name.startsWith("x")) this.#hasEnded = true;
    else await this.#heed(name[0]!, decoder.decode(payload));
  }

  async #take(
    number: number,
    code: string,
    payload: Uint8Array,
    size: number,
  ): Promise<string | undefined> {
    if (number !== this.#received + 1) return void await this.#tell("g");
    this.#received = number;
    this.#bytes += size;
    if (code === "f") this.#hasEnded = true;
    // with a window of two every frame is half of it
    await this.#tell(code === "f" ? "q" : "c");
    return code === "t" ? decoder.decode(payload) : undefined;
  }

  async #heed(letter: string, tally: string): Promise<void> {
    const [, frames = 0] = tally.split(" ").map(Number);
    this.#room = Math.max(this.#room, frames);
    // an acceptance that is said again wants the same
    if (letter === "p" || letter === "o") await this.#tell("c");
  }

  #tell(letter: string): Promise<void> {
    const frames = this.#received + WINDOW.frames;
    const bytes = this.#bytes + WINDOW.bytes;
    const tally = `${this.#received} ${frames} ${bytes} ${this.#sent} 0`;
    return this.#say(`${letter}${++this.#serial}`, tally);
  }

  #say(name: string, text = ""): Promise<void> {
    return this.#wire.publish({
      subject: this.#to,
      replyTo: `${this.#own}.${name}`,
      header: NOTHING,
      payload: encoder.encode(text),
    });
  }
}
