import { type Frame, Wire } from "../../interop/wire.ts";
import type { Forged } from "../../support/spy.ts";

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** One connection that all liars of a batch share: what comes goes to whoever owns the inbox, or the subject. */
export class Mouth implements AsyncDisposable {
  readonly #wire: Wire;
  readonly #listeners = new Map<string, (frame: Frame) => void>();
  readonly #listening: Promise<void>;
  #turn: Promise<void> = Promise.resolve();

  private constructor(wire: Wire) {
    this.#wire = wire;
    this.#listening = this.#listen();
  }

  /** Connects, and hears everything to inboxes of liars and to what they serve. */
  static async connect(url: string): Promise<Mouth> {
    const wire = await Wire.connect(url);
    await wire.subscribe("_LIAR.>");
    await wire.subscribe("liar.>");
    return new Mouth(wire);
  }

  /** What comes to two tokens, and all below them, goes there from now on. */
  listen(head: string, listener: (frame: Frame) => void): void {
    this.#listeners.set(head, listener);
  }

  /** Says something; never fails. */
  say(subject: string, { replyTo = "", header, payload = NOTHING }: Forged): Promise<void> {
    const frame = {
      subject,
      replyTo,
      header: typeof header === "string"
        ? encoder.encode(`NATS/1.0${header}\r\n\r\n`)
        : header ?? NOTHING,
      payload: typeof payload === "string" ? encoder.encode(payload) : payload,
    };
    return this.#turn = this.#turn.then(() => this.#wire.publish(frame)).catch(() => {});
  }

  /** Resolves once everything has been said. */
  said(): Promise<void> {
    return this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#wire[Symbol.dispose]();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#wire.any();
        const head = frame.subject.split(".", 2).join(".");
        this.#listeners.get(head)?.(frame);
      }
    } catch {
      // closed from here
    }
  }
}
