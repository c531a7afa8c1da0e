import type { Timer } from "../clock.ts";
import { within } from "../deadline.ts";
import { TimeoutError } from "../errors.ts";
import { encodeHeaders, type HeaderFields, sendableFields } from "../message/headers.ts";
import type { EncodedMessage } from "../message/outgoing.ts";
import { copyRawMessage, type RawMessage } from "../message/raw_message.ts";
import { LINK } from "../message/signalbox_headers.ts";
import type { Ending } from "./ending.ts";
import type { Link } from "./link.ts";
import { PlainAnswer } from "./plain_answer.ts";
import { encodeTerms, type Terms } from "./terms.ts";

export type Opening = EncodedMessage | Promise<EncodedMessage>;

/** How an opening is waited for. */
export interface OpeningPatience {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What came back to an opening: the acceptance, or an answer that is none. */
export type Opened =
  | { readonly acceptance: RawMessage; readonly plain?: undefined }
  | { readonly acceptance?: undefined; readonly plain: PlainAnswer };

/** How long an acceptance may take once an answer is whole without one, in milliseconds. */
const GRACE = 500;

const LEFT: Ending = { reason: "cancelled" };
const NOTHING = new Uint8Array(0);

/** How the two sides of a link come to know each other. */
export class Handshake {
  readonly #link: Link;
  readonly #subject: string;
  readonly #correlationId: string;
  readonly #opened = Promise.withResolvers<Opened>();
  /** Made when something comes that is no acceptance, as with most openings nothing does. */
  #plain: PlainAnswer | undefined;
  #grace: Timer | undefined;
  #isOver = false;
  /** Whether what is no acceptance is of no use any more. */
  #isForgotten = false;

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
  async open(
    opening: Opening,
    patience: OpeningPatience,
  ): Promise<Opened> {
    let given: EncodedMessage | undefined;
    const send = (opening: EncodedMessage) => {
      if (!this.#isOver) this.#link.open(given = opening);
      return this.#opened.promise;
    };
    try {
      const opened = opening instanceof Promise ? opening.then(send) : send(opening);
      return await within(
        opened,
        { ...patience, clock: this.#link.clock },
        `open "${this.#subject}"`,
        this.#subject,
      );
    } catch (error) {
      // nobody has accepted in time, and what else has come is all there is
      const hasAnswer = this.#plain?.hasParts || this.#plain?.ending !== undefined;
      if (error instanceof TimeoutError && hasAnswer && !this.#isOver) {
        this.#settlePlain();
        return await this.#opened.promise;
      }
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

  /** What is held of answers that are no acceptance, in bytes. */
  get held(): number {
    return this.#plain?.held ?? 0;
  }

  accepted(acceptance: RawMessage): void {
    // others who listen have answered before
    this.forget();
    this.#plain = undefined;
    this.#settle({ acceptance: copyRawMessage(acceptance) });
  }

  /**
   * What is no acceptance decides nothing: one who listens may have answered before the one who serves. Only once it is whole
   * it is taken for the answer, if no acceptance follows.
   */
  answered(answer: RawMessage | Error): void {
    if (answer instanceof Error) {
      this.fail(() => answer);
      return this.#link.expire();
    }
    const plain = this.#plain ??= new PlainAnswer(
      this.#subject,
      this.#link.clock,
      () => this.#link.holding.shrink(),
    );
    if (this.#isForgotten) plain.end(LEFT);
    plain.take(answer);
    if (!plain.ending || this.#isOver) return;
    if (plain.isRefusal) this.#settlePlain();
    else this.#grace ??= this.#link.clock.setTimeout(() => this.#settlePlain(), GRACE);
  }

  /** Reads no answers that are no acceptance. */
  forget(): void {
    this.#isForgotten = true;
    this.#plain?.clear();
    this.#plain?.end(LEFT);
  }

  /** It will not come to anything; nothing is sent any more that has not been. */
  fail(error: () => unknown): void {
    this.#isForgotten = true;
    this.#plain?.end(LEFT);
    if (this.#isOver) return;
    // nobody will read what has come
    this.#plain?.clear();
    this.#isOver = true;
    this.#grace?.clear();
    this.#opened.reject(error());
  }

  #settlePlain(): void {
    const plain = this.#plain!;
    this.#link.isAnswered = true;
    void plain.ended.then(() => this.#link.expire());
    this.#settle({ plain });
  }

  #settle(opened: Opened): void {
    this.#isOver = true;
    this.#grace?.clear();
    this.#opened.resolve(opened);
  }
}
