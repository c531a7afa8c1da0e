import type { Clock, Timer } from "../../clock.ts";
import { type Patience, within } from "../../deadline.ts";
import { TimeoutError } from "../../errors.ts";
import { encodeHeaders, type HeaderFields, sendableFields } from "../../message/headers.ts";
import { ReceivedMessage } from "../../message/message.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import { copyRawMessage, heldSize, NO_BYTES, type RawMessage } from "../../message/raw_message.ts";
import { remoteErrorOf } from "../../message/reply.ts";
import { END, LINK } from "../../message/signalbox_headers.ts";
import { DEFAULT_BOUNDS, Queue } from "../../queue.ts";
import { isPlainEnd } from "../../requests/answers.ts";
import {
  COMPLETE,
  encodeTerms,
  type EndDetails,
  type HandshakeTerms,
} from "../frames/control_frames.ts";
import type { Link } from "./link.ts";
import type { OpeningAnswers } from "./link_context.ts";
import { FRAME } from "../limits.ts";

/** How long to wait for an acceptance. */
export interface OpeningPatience {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What came back to an opening: an acceptance, or a plain answer. */
export type Opened =
  | { readonly acceptance: RawMessage; readonly plain?: undefined }
  | { readonly acceptance?: undefined; readonly plain: PlainAnswer };

/** How long an acceptance may take once an answer is whole without one, in milliseconds. */
const GRACE = 500;

const LEFT: EndDetails = { reason: "cancelled" };

/** Opens or accepts a link. */
export class Handshake implements OpeningAnswers {
  readonly #link: Link;
  readonly #subject: string;
  readonly #correlationId: string;
  readonly #opened = Promise.withResolvers<Opened>();
  /** Made for the first plain answer, as most openings get none. */
  #plain: PlainAnswer | undefined;
  #grace: Timer | undefined;
  #isOver = false;
  /** Whether to drop plain answers. */
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

  /** Sends an opening, now or once the connection is back, and waits for the response. */
  async open(
    opening: EncodedMessage | Promise<EncodedMessage>,
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
      if (isUnsent) this.#link.machine.refused();
      throw error;
    }
  }

  /** Accepts an opening, if its reply address has come as it was sent. */
  accept(
    replyTo: string,
    terms: HandshakeTerms,
    own: HandshakeTerms,
    headers: HeaderFields | undefined,
  ): boolean {
    const fields = [...sendableFields(headers ?? {}), [LINK, encodeTerms(own)] as const];
    const correlationId = this.#correlationId;
    const common = { contentType: undefined, correlationId, timeLeft: undefined };
    const acceptance = { data: NO_BYTES, headerBlock: encodeHeaders(common, fields) };
    const isAccepted = this.#link.accept(replyTo, terms, acceptance, own.secret);
    if (!isAccepted) this.#link.machine.refused();
    return isAccepted;
  }

  /** The memory of plain answers, in bytes. */
  get held(): number {
    return this.#plain?.held ?? 0;
  }

  accepted(acceptance: RawMessage): void {
    // other listeners have answered before
    this.forget();
    this.#plain = undefined;
    this.#settle({ acceptance: copyRawMessage(acceptance) });
  }

  /**
   * A plain answer decides nothing yet, as a mere listener may answer before the server does. Only a whole one counts,
   * if no acceptance follows.
   */
  answered(answer: RawMessage | Error): void {
    if (answer instanceof Error) {
      this.fail(() => answer);
      return this.#link.machine.refused();
    }
    const plain = this.#plain ??= new PlainAnswer(
      this.#subject,
      this.#link.clock,
      () => this.#link.memory.shrink(),
    );
    if (this.#isForgotten) plain.end(LEFT);
    plain.take(answer);
    if (!plain.ending || this.#isOver) return;
    if (plain.isRefusal) this.#settlePlain();
    else this.#grace ??= this.#link.clock.setTimeout(() => this.#settlePlain(), GRACE);
  }

  /** Drops plain answers. */
  forget(): void {
    this.#isForgotten = true;
    this.#plain?.clear();
    this.#plain?.end(LEFT);
  }

  /** The opening has failed; an unsent one is never sent. */
  fail(error: () => unknown): void {
    this.#isForgotten = true;
    this.#plain?.end(LEFT);
    if (this.#isOver) return;
    // nobody will read the answers
    this.#plain?.clear();
    this.#isOver = true;
    this.#grace?.clear();
    this.#opened.reject(error());
  }

  #settlePlain(): void {
    const plain = this.#plain!;
    this.#link.isAnswered = true;
    void plain.ended.then(() => this.#link.machine.refused());
    this.#settle({ plain });
  }

  #settle(opened: Opened): void {
    this.#isOver = true;
    this.#grace?.clear();
    this.#opened.resolve(opened);
  }
}

/**
 * The answer of a responder that does not know links: part after part, up to the empty message of ADR-47, an error, or
 * one answer that is marked as complete.
 */
export class PlainAnswer {
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #shrunk: () => void;
  readonly #backlog = new Queue<RawMessage>();
  readonly #ended = Promise.withResolvers<EndDetails>();
  #ending: EndDetails | undefined;
  #isRefusal = false;
  #count = 0;
  #last: number;
  #coming: PromiseWithResolvers<void> | undefined;

  /** Calls `shrunk` when it holds less. */
  constructor(subject: string, clock: Clock, shrunk: () => void) {
    this.#clock = clock;
    this.#shrunk = shrunk;
    this.#last = clock.now();
    this.#subject = subject;
  }

  /** How it ended; `undefined` while more may come. */
  get ending(): EndDetails | undefined {
    return this.#ending;
  }

  /** Resolves with how it ended. */
  get ended(): Promise<EndDetails> {
    return this.#ended.promise;
  }

  /** Whether a server of streams or sessions has refused, so that no other will accept. */
  get isRefusal(): boolean {
    return this.#isRefusal;
  }

  /** Whether the answer is an error, without a part before it. */
  get isError(): boolean {
    return this.#count === 0 && this.#ending?.error !== undefined;
  }

  /** Whether there is anything to read. */
  get hasParts(): boolean {
    return this.#backlog.length > 0;
  }

  /** What is held to be read, in bytes. */
  get held(): number {
    return this.#backlog.bytes;
  }

  /** When the last message came, by the clock. */
  get last(): number {
    return this.#last;
  }

  take(packet: RawMessage): void {
    if (this.#ending) return;
    this.#last = this.#clock.now();
    if (isPlainEnd(packet)) {
      // a mere listener without an answer sends this, too
      if (this.#count > 0) this.end(COMPLETE);
      return;
    }
    const message = new ReceivedMessage(packet);
    const error = packet.headerBlock && remoteErrorOf(this.#subject, message);
    const end = message.headers.get(END);
    if (error) {
      this.#isRefusal = end === "error";
      return this.end({ reason: "error", error });
    }
    const size = heldSize(packet) + FRAME;
    // with a part missing, the rest would look like the whole
    if (!this.#backlog.fits(size, DEFAULT_BOUNDS)) return this.end({ reason: "gap" });
    this.#count++;
    this.#backlog.push(copyRawMessage(packet), size);
    this.#wake();
    if (end === COMPLETE.reason) this.end(COMPLETE);
  }

  /** The next part; `undefined` once there is none. */
  async next(patience: Patience = {}): Promise<RawMessage | undefined> {
    while (!this.hasParts && !this.#ending) {
      await within(this.#news(), patience, "read a stream", this.#subject);
    }
    const part = this.#backlog.shift();
    this.#shrunk();
    return part;
  }

  /** Takes nothing more; what arrived can still be read. */
  end(ending: EndDetails): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#ended.resolve(ending);
    this.#wake();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#backlog.clear();
    this.#shrunk();
  }

  /** Resolves with the next message. */
  #news(): Promise<void> {
    this.#coming ??= Promise.withResolvers();
    return this.#coming.promise;
  }

  #wake(): void {
    this.#coming?.resolve();
    this.#coming = undefined;
  }
}
