import { LONGEST_TIMER, type Timer } from "../../clock.ts";
import type { NextOptions } from "../../reader.ts";
import type { Message } from "../../message/message.ts";
import type { HeaderFields } from "../../message/headers.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import { NO_BYTES } from "../../message/raw_message.ts";
import type { Work } from "../../message/work.ts";
import { iteratorOf } from "../../queue.ts";
import {
  COMPLETE,
  type EndDetails,
  errorOf,
  leaving,
  OUTGROWN,
  reasonOf,
} from "../frames/control_frames.ts";
import type { Numbered } from "../frames/frame.ts";
import { FrameAssembler } from "./frame_assembler.ts";
import { Handshake, type Opened, type OpeningPatience } from "./handshake.ts";
import { LazyAbortSignal } from "./lazy_abort_signal.ts";
import type { LinkMachine } from "../machine/link_machine.ts";
import { Link } from "./link.ts";
import type { LinkContext, LinkOwner } from "./link_context.ts";
import { type LinkEnd, LinkError } from "../link_error.ts";
import type { LinkSettings } from "../link_options.ts";
import { type Purpose, SessionReader } from "./session_reader.ts";
import { SessionShutdown } from "./session_shutdown.ts";
import { BodySender } from "./body_sender.ts";

/** How long a handler may send nothing after its peer's end, in milliseconds, before it counts as stalled. */
const SILENCE = 1_000;
const END = { code: "e", data: NO_BYTES, headerBlock: undefined } as const;

/** One end of a link as the program uses it: reading, sending, and the end. */
export class Channel implements LinkOwner {
  readonly subject: string;
  readonly correlationId: string;
  /** Resolves with how it ended. */
  readonly closed: Promise<LinkEnd>;
  readonly #link: Link;
  readonly #assembler: FrameAssembler;
  readonly #reader: SessionReader;
  readonly #sender: BodySender;
  /** The opening and the acceptance. */
  readonly handshake: Handshake;
  #told!: (reason: LinkEnd) => void;
  #ending: EndDetails | undefined;
  #hasClosed = false;
  readonly #signal = new LazyAbortSignal();
  readonly #drained = new LazyAbortSignal();
  readonly #shutdown: SessionShutdown;
  #hasPeerEnded = false;
  #stalled: (() => void) | undefined;
  #deadline: Timer | undefined;
  #late: Error | undefined;

  constructor(context: LinkContext, purpose: Purpose, settings: LinkSettings) {
    this.subject = purpose.subject;
    this.correlationId = purpose.correlationId;
    this.closed = new Promise((resolve) => this.#told = resolve);
    const { clock, addresses: { reception: { codecs } } } = context;
    const common = { ...purpose, clock, codecs, signal: () => this.signal };
    this.#link = new Link(context, this, settings);
    if (purpose.only) this.#link.machine.restrict(purpose.only);
    this.#assembler = new FrameAssembler(this.#link, settings.maxMessage, common);
    this.#reader = new SessionReader(this.#assembler, common);
    this.#sender = new BodySender(this.#link, context, this);
    this.handshake = new Handshake(this.#link, this);
    this.#shutdown = new SessionShutdown(this.#link, this);
  }

  get ending(): EndDetails | undefined {
    return this.#ending;
  }

  /** Whether the program has closed or cancelled this side. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** Where the link is in its life. */
  get life(): Pick<LinkMachine, "state" | "isMet" | "isSuspended"> {
    return this.#link.machine;
  }

  /** The error for an operation that the end has made impossible. */
  error(action: string): unknown {
    return errorOf(this.#ending ?? COMPLETE, action, this.subject);
  }

  /** Aborts once it has ended, with the error that says how. */
  get signal(): AbortSignal {
    return this.#signal.signal;
  }

  /** Aborts when either broker begins to stop. */
  get drained(): AbortSignal {
    return this.#drained.signal;
  }

  /** Sends an opening, now or once the connection is back, and waits for the response. */
  async open(
    opening: EncodedMessage | Promise<EncodedMessage>,
    patience: OpeningPatience,
  ): Promise<Opened> {
    try {
      return await this.handshake.open(opening, patience);
    } catch (error) {
      this.ended({ reason: reasonOf(error), error });
      throw error;
    }
  }

  /** Ends the link after this many milliseconds, with `late` as the error for this side. */
  expireAfter(deadline: number, late?: Error): void {
    this.#late = late;
    if (deadline > LONGEST_TIMER) return;
    const end = () => this.abort({ reason: "deadline" });
    this.#deadline = this.#link.clock.setTimeout(end, deadline);
  }

  /** Cancels the link with the signal's reason. */
  cancelOn(signal: AbortSignal): void {
    const abort = () => {
      this.#forget();
      this.abort({ reason: "cancelled", error: signal.reason });
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    void this.closed.then(() => signal.removeEventListener("abort", abort));
  }

  /** Sends a body, now or when there is room; resolves then. */
  send(body: unknown, headers?: HeaderFields, signal?: AbortSignal): Promise<void> {
    if (this.#ending) return Promise.reject(this.error("send to"));
    if (this.#link.machine.out.isEnded) {
      const reason = this.#shutdown.hasBegun ? "shutting-down" : "complete";
      return Promise.reject(new LinkError("send to", this.subject, reason));
    }
    try {
      return this.#sender.send(body, headers, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The next body as a message; `undefined` after the peer's end, or once this side has closed. */
  async next(options?: NextOptions): Promise<Message | undefined> {
    const message = await this.#reader.read(options);
    if (message) return message;
    if (this.#hasClosed || !this.#ending || this.#ending.reason === "complete") return undefined;
    throw this.error("read");
  }

  /** Ends sending; resolves once the peer has acknowledged everything. */
  async end(): Promise<void> {
    if (this.#sender.turn) await this.#sender.turn;
    if (this.#ending?.reason === "complete") return;
    if (this.#ending) throw this.error("end");
    if (!this.#link.machine.out.isEnded) this.#sender.give([END]);
    await this.#sender.end();
  }

  /** Ends sending and reading; resolves once the link has ended. */
  async close(ending: EndDetails = COMPLETE): Promise<void> {
    if (this.#sender.turn) await this.#sender.turn;
    this.#forget();
    if (!this.#ending) {
      this.#hasClosed = true;
      this.#link.close(ending);
    }
    await this.closed;
  }

  /** Cancels the link at once, and drops unread messages. */
  cancel(reason: unknown): void {
    if (this.#ending) return;
    this.#hasClosed = true;
    this.#forget();
    this.abort(leaving(reason));
  }

  /** Aborts the link. If everything was sent, it waits for the peer's verdict, unless it must `fail`. */
  abort(ending: EndDetails, how?: "fail"): void {
    this.#link.abort(ending, how);
    if (!this.#link.machine.isSuspended) this.ended(ending);
  }

  /** Reads until the peer's end; leaving the loop cancels the link: `later`, if the handler may still throw. */
  iterate(later = false): AsyncIterator<Message> {
    const cancel = () => later ? this.#cancelLater() : this.cancel(undefined);
    return iteratorOf(() => this.next(), cancel, () => this.readNow());
  }

  /** The next message, if it is there and no schema has to see it. */
  readNow(): Message | undefined {
    return this.#reader.readNow();
  }

  /** Ends with an error found in an answer, and drops unread messages. */
  fail(error: unknown): void {
    this.#forget();
    this.ended({ reason: "error", error });
  }

  get held(): number {
    return this.#assembler.held + this.handshake.held;
  }

  /** Drops unread messages too, and changes the reason, as a part must not look like the whole. */
  outgrown(): void {
    this.#forget();
    if (this.#ending) this.#ending = OUTGROWN;
    else this.abort(OUTGROWN);
  }

  /** Calls back if this side sends nothing for a while after its peer's end. */
  onStalled(call: () => void): void {
    if (this.#stalled) return;
    this.#stalled = call;
    if (this.#hasPeerEnded) this.#watchForStall();
  }

  deliver(frame: Numbered): void {
    if (frame.code === "e") {
      this.#hasPeerEnded = true;
      if (this.#stalled) this.#watchForStall();
    }
    if (this.#assembler.take(frame)) return;
    const description = "The message is larger than the receiver accepts";
    // the machine is in the middle of taking it
    queueMicrotask(() => this.abort({ reason: "error", code: 413, description }));
  }

  moved(): void {
    this.#sender.moved();
  }

  /** Ends the session this many milliseconds after the stop began, unless the program reads `draining`. */
  allowShutdown(within: number, work?: Work): void {
    this.#shutdown.allow(within, work);
  }

  retire(passed: number): void {
    if (this.#ending || this.#drained.isAsked) return;
    this.#shutdown.proceed(passed, this.#sender.turn);
  }

  draining(): void {
    this.#drained.abort(() => new LinkError("go on with", this.subject, "shutting-down"));
  }

  ended(ending: EndDetails): void {
    if (this.#ending) return;
    // the peer's clock may be the first to end it
    this.#ending = ending.reason === "deadline" ? { error: this.#late, ...ending } : ending;
    this.#deadline?.clear();
    this.#assembler.end();
    if (ending.reason === "deadline") this.#reader.cancel();
    this.#sender.stop(ending.reason === "complete" ? undefined : () => this.error("send to"));
    this.handshake.fail(() => this.error("open"));
    this.#told(ending.reason);
    this.#signal.abort(() => this.error("go on with"));
  }

  #watchForStall(): void {
    const { out, out: { last } } = this.#link.machine;
    const look = () => !out.isEnded && out.last === last && this.#stalled!();
    const timer = this.#link.clock.setTimeout(look, SILENCE);
    void this.closed.then(() => timer.clear());
  }

  #forget(): void {
    this.#assembler.clear();
    this.#reader.cancel();
    this.handshake.forget();
    this.#link.memory.shrink();
  }

  #cancelLater(): void {
    if (this.#ending) return;
    this.#hasClosed = true;
    this.#forget();
    const timer = this.#link.clock.setTimeout(() => this.abort(leaving(undefined)), 0);
    void this.closed.then(() => timer.clear());
  }
}
