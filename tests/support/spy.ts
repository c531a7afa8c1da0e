import { type Frame, Wire } from "../interop/wire.ts";
import { until } from "./nats_server/until.ts";
import { within } from "./within.ts";

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** What is put on the wire; header lines are text, a whole block is bytes. */
export interface Forged {
  readonly replyTo?: string;
  readonly header?: string | Uint8Array;
  readonly payload?: string | Uint8Array;
}

/** The addresses of both ends of a link, without the names of frames. */
export interface Ends {
  readonly opener: string;
  readonly server: string;
}

/** Somebody with all permissions, who sees all traffic and can say anything. */
export class Spy implements AsyncDisposable {
  readonly #ears: Wire;
  readonly #mouth: Wire;
  readonly #seen: Frame[] = [];
  readonly #listening: Promise<void>;
  readonly #own = new Map<string, () => void>();
  #told: (frame: Frame) => void = () => {};
  #turn: Promise<void> = Promise.resolve();
  #last = 0;

  private constructor(ears: Wire, mouth: Wire) {
    this.#ears = ears;
    this.#mouth = mouth;
    this.#listening = this.#listen();
  }

  static async connect(url: string): Promise<Spy> {
    const ears = await Wire.connect(url);
    await ears.subscribe(">");
    return new Spy(ears, await Wire.connect(url));
  }

  /** The first message that was seen and is like this, waited for if need be. */
  seen(goal: string, isIt: (frame: Frame) => boolean): Promise<Frame> {
    return until(goal, () => this.#seen.find(isIt));
  }

  /** How many such messages were seen. */
  count(isIt: (frame: Frame) => boolean): number {
    return this.#seen.filter(isIt).length;
  }

  /** Has every message from now on told as it comes. */
  listen(told: (frame: Frame) => void): void {
    this.#told = told;
  }

  /** Forgets what was seen. */
  forget(): void {
    this.#seen.length = 0;
  }

  /** Both ends of the link that was opened on a subject since the last time. */
  async ends(subject: string): Promise<Ends> {
    const opening = await this.seen("an opening", (frame) => frame.subject === subject);
    const isAcceptance = ({ subject, replyTo }: Frame) =>
      subject === opening.replyTo && replyTo.endsWith(".o1");
    const acceptance = await this.seen("an acceptance", isAcceptance);
    this.forget();
    return { opener: beginning(acceptance.subject), server: beginning(acceptance.replyTo) };
  }

  say(subject: string, { replyTo = "", header, payload = NOTHING }: Forged): Promise<void> {
    const frame = {
      subject,
      replyTo,
      header: typeof header === "string"
        ? encoder.encode(`NATS/1.0${header}\r\n\r\n`)
        : header ?? NOTHING,
      payload: typeof payload === "string" ? encoder.encode(payload) : payload,
    };
    return this.#turn = this.#turn.then(() => this.#mouth.publish(frame));
  }

  /** Resolves once the server has passed on all that was said. */
  async heard(): Promise<void> {
    const own = `spy.own.${++this.#last}`;
    const heard = Promise.withResolvers<void>();
    this.#own.set(own, heard.resolve);
    await this.say(own, {});
    await within("it must hear a word of its own", heard.promise);
    this.#own.delete(own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#mouth[Symbol.dispose]();
    this.#ears[Symbol.dispose]();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#ears.any();
        // told here, as in a flood what was seen is forgotten before anybody looks for it
        this.#own.get(frame.subject)?.();
        this.#told(frame);
        this.#seen.push(frame);
        if (this.#seen.length > 2_000) this.#seen.splice(0, 1_000);
      }
    } catch {
      // closed from here
    }
  }
}

function beginning(address: string): string {
  return address.slice(0, address.lastIndexOf(".") + 1);
}
