import { within } from "../deadline.ts";
import { encodeHeaders } from "../message/header_block.ts";
import { type HeaderFields, sendableFields } from "../message/headers.ts";
import type { Outgoing } from "../message/outgoing.ts";
import { keep, type Packet } from "../message/packet.ts";
import { LINK } from "../message/signalbox_headers.ts";
import type { Link } from "./link.ts";
import { encodeTerms, type Terms } from "./terms.ts";

/** How an opening is waited for. */
export interface OpeningPatience {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What came back to an opening: the acceptance, or an answer that is none. */
export interface Opened {
  readonly packet: Packet;
  readonly isAccepted: boolean;
}

const NOTHING = new Uint8Array(0);

/** How the two sides of a link come to know each other. */
export class Handshake {
  readonly #link: Link;
  readonly #subject: string;
  readonly #correlationId: string;
  readonly #opened = Promise.withResolvers<Opened>();
  #isOver = false;

  constructor(
    link: Link,
    { subject, correlationId }: { readonly subject: string; readonly correlationId: string },
  ) {
    this.#link = link;
    this.#subject = subject;
    this.#correlationId = correlationId;
    this.#opened.promise.catch(() => {});
  }

  /** Sends an opening, now or once the connection is back, and waits for what comes back. */
  async open(opening: Outgoing | Promise<Outgoing>, patience: OpeningPatience): Promise<Opened> {
    let given: Outgoing | undefined;
    const send = (opening: Outgoing) => {
      if (!this.#isOver) this.#link.open(given = opening);
      return this.#opened.promise;
    };
    try {
      const opened = opening instanceof Promise ? opening.then(send) : send(opening);
      return await within(opened, patience, `open "${this.#subject}"`, this.#subject);
    } catch (error) {
      const isUnsent = given && this.#link.withdraw(given);
      this.#link.abort({ reason: "cancelled", error });
      // nobody will accept what was never sent
      if (isUnsent) this.#link.expire();
      throw error;
    }
  }

  /** Accepts an opening, if its address of reply has come as it was sent. */
  accept(replyTo: string, terms: Terms, own: Terms, headers: HeaderFields | undefined): boolean {
    const fields = [...sendableFields(headers ?? {}), [LINK, encodeTerms(own)] as const];
    const correlationId = this.#correlationId;
    const common = { contentType: undefined, correlationId, timeLeft: undefined };
    const acceptance = { data: NOTHING, headerBlock: encodeHeaders(common, fields) };
    const isAccepted = this.#link.accept(replyTo, terms, acceptance, own.secret);
    if (!isAccepted) this.#link.expire();
    return isAccepted;
  }

  accepted(acceptance: Packet): void {
    this.#settle({ packet: keep(acceptance), isAccepted: true });
  }

  answered(answer: Packet | Error): void {
    if (answer instanceof Error) this.fail(() => answer);
    else this.#settle({ packet: keep(answer), isAccepted: false });
  }

  /** It will not come to anything; nothing is sent any more that has not been. */
  fail(error: () => unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#opened.reject(error());
  }

  #settle(opened: Opened): void {
    this.#isOver = true;
    this.#opened.resolve(opened);
  }
}
