import type { Clock, Timer } from "../clock.ts";
import { ConnectionError, PayloadTooLargeError } from "../errors.ts";
import type { Line } from "../line/line.ts";
import { countsAsUnconfirmed, type EncodedMessage } from "../message/encoded_message.ts";
import { sizeOf } from "../message/raw_message.ts";
import { checkAddresses } from "../wire/segment.ts";
import type { Writer } from "../wire/socket_writer.ts";
import type { ControlLines } from "./server_limits.ts";
import type { Report } from "./error_reports.ts";
import type { ConnectionContext } from "./settings.ts";
import { Outbox } from "./outbox.ts";
import type { RefusalTracker } from "./refusals.ts";

/** How many bytes may wait for the socket before the broker omits optional messages; in memory, four times as much. */
const FULL = 8_388_608;

/** What checks and tracks the messages of a transmitter. */
export interface TransmitterParts {
  readonly lines: Pick<ControlLines, "check">;
  readonly refusals: Pick<RefusalTracker, "published" | "flushSent">;
}

/**
 * Tracks everything that is sent. It writes messages while there is a socket and holds them otherwise; takes unsent
 * ones back from a broken line; and counts those that may or may not have arrived.
 */
export class Transmitter {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #lines: TransmitterParts["lines"];
  readonly #refusals: TransmitterParts["refusals"];
  readonly #report: Report;
  #line: Line | undefined;
  #writer: Writer | undefined;
  /** How many bytes all earlier lines got. */
  #past = 0;
  #confirmations: DeliveryConfirmations | undefined;
  /** How many messages may have been lost in total. */
  #doubtful = 0;
  /** How many messages the server has refused in total, and the reason of the last refusal. */
  #refused = 0;
  #refusal: Error | undefined;
  /** How many of both a flush has reported. */
  #reported = { doubtful: 0, refused: 0 };

  constructor(
    { clock, settings, reports }: ConnectionContext,
    { lines, refusals }: TransmitterParts,
  ) {
    this.#clock = clock;
    this.#outbox = new Outbox(clock, settings.outboxLimit);
    this.#lines = lines;
    this.#refusals = refusals;
    this.#report = reports.report;
  }

  /** Sends through this line from now on. */
  connected(line: Line): void {
    this.#line = line;
    const writer = this.#writer = line.writer;
    this.#confirmations = new DeliveryConfirmations({
      clock: this.#clock,
      sent: () => writer.acceptedMessages,
      flush: () => line.flush(this.#refusals.flushSent()),
    });
  }

  /**
   * Writes a message, or holds it if it must wait; returns whether it was written.
   *
   * @throws {OutboxFullError}
   * @throws {InvalidSubjectError}
   */
  publish(outgoing: EncodedMessage, isUp: boolean): boolean {
    this.#lines.check(outgoing, isUp);
    if (isUp && this.#outbox.count === 0) {
      this.#write(outgoing);
      return true;
    }
    this.#takeUnsent();
    // do not hold a message that the writer would refuse later
    checkAddresses(outgoing);
    this.#outbox.hold(outgoing);
    return false;
  }

  /** Cancels a message: it is never sent, unless the socket has got it. */
  cancel(outgoing: EncodedMessage): void {
    outgoing.dropOnDisconnect = true;
    this.#outbox.cancel(outgoing);
    this.#writer?.dropCancelled();
  }

  /** Cancels a message, and returns whether it was unsent; the more messages wait, the longer this takes. */
  tryCancel(outgoing: EncodedMessage): boolean {
    const isUnsent = this.#outbox.has(outgoing) || (this.#writer?.has(outgoing) ?? false);
    this.cancel(outgoing);
    return isUnsent;
  }

  /** How many bytes were written; `sentBytes` counts those that no longer wait for the socket. */
  get acceptedBytes(): number {
    return this.#past + (this.#writer?.acceptedBytes ?? 0);
  }

  get sentBytes(): number {
    return this.#past + (this.#writer?.sentBytes ?? 0);
  }

  /** Whether so much waits for the socket that the broker must not add refusals and repeated messages. */
  get isFull(): boolean {
    return this.acceptedBytes - this.sentBytes > FULL;
  }

  /** Resolves once the socket has taken most of what was published; `undefined` if it has already. */
  room(): Promise<void> | undefined {
    return this.#writer?.room();
  }

  /** Resolves once the server has everything written; rejects if the line ends before. */
  confirm(): Promise<void> {
    return this.#confirmations?.confirm() ?? Promise.reject(new Error("the connection was closed"));
  }

  /** Flushes within a second. */
  confirmSoon(): void {
    this.#confirmations?.confirmSoon();
  }

  /** Notes that the server has refused a message of the program, or would have; the next flush rejects with it. */
  messageRefused(error: Error): void {
    this.#refused++;
    this.#refusal = error;
  }

  /** Drops a message that the server would refuse. */
  dropped(outgoing: EncodedMessage, error: Error): void {
    if (countsAsUnconfirmed(outgoing)) this.messageRefused(error);
    this.#report(error, outgoing.subject);
  }

  /**
   * Returns a function to call after a flush; it throws if messages were refused or may be lost since the last report.
   */
  lossCheck(): () => void {
    const reported = this.#reported;
    return () => {
      this.#reported = { doubtful: this.#doubtful, refused: this.#refused };
      const lost = this.#doubtful - reported.doubtful;
      if (lost > 0) {
        const messages = lost === 1 ? "message" : "messages";
        const sentence =
          `Cannot flush as the connection must stay open: it broke with ${lost} unconfirmed ${messages}`;
        throw new ConnectionError(sentence, "interrupted");
      }
      if (this.#refused > reported.refused) throw this.#refusal;
    };
  }

  /** A new socket is open, for messages of at most `largest` bytes: sends the held messages. */
  sendHeld(largest: number): void {
    this.#outbox.sendAll((outgoing) => {
      if (!this.#line?.isOpen) return false;
      try {
        const size = sizeOf(outgoing);
        // the server would end the connection, and other messages on their way would be lost
        if (size > largest) throw new PayloadTooLargeError(outgoing.subject, size, largest);
        this.#lines.check(outgoing, true);
        this.#write(outgoing);
      } catch (error) {
        // a message that this server refuses must not block the ones behind it
        this.dropped(outgoing, error as Error);
      }
      return true;
    });
  }

  /** The line has ended; returns how many messages may be lost with it. */
  disconnected(): number {
    const writer = this.#writer;
    if (!writer) return 0;
    this.#takeUnsent();
    const unconfirmed = Math.max(0, writer.sentMessages - this.#confirmations!.confirmed);
    this.#confirmations!.stop();
    this.#past += writer.acceptedBytes;
    this.#line = this.#writer = this.#confirmations = undefined;
    this.#doubtful += unconfirmed;
    return unconfirmed;
  }

  /** Resolves once nothing is held, as all messages were sent or cancelled. */
  whenEmpty(): Promise<void> {
    return this.#outbox.whenEmpty();
  }

  /** Sends nothing more; reports how many messages were held, and how many may be lost. */
  close(): void {
    const unconfirmed = this.disconnected();
    const held = this.#outbox.clear();
    const sentences = [
      held > 0 && `Cannot send the held messages as the connection must come back: ${held} lost`,
      unconfirmed > 0 &&
      `Cannot confirm all messages as the server must answer: ${unconfirmed} may be lost`,
    ];
    for (const each of sentences) if (each) this.#report(new ConnectionError(each, "closed"));
  }

  #write(outgoing: EncodedMessage): void {
    this.#writer!.publish(outgoing);
    if (!countsAsUnconfirmed(outgoing)) return;
    this.#confirmations!.confirmSoon();
    this.#refusals.published(outgoing.subject);
  }

  /** Holds the unsent messages of the line: they cannot have arrived, and go before all later ones. */
  #takeUnsent(): void {
    for (const unsent of this.#writer?.takeUnsent() ?? []) this.#outbox.restore(unsent);
  }
}

/** Milliseconds between two flushes, while anything is sent. */
const INTERVAL = 1_000;

/** What to confirm, and how. */
export interface ConfirmationSource {
  readonly clock: Clock;
  /** How many messages were written. */
  sent(): number;
  /** Resolves once the server has everything written before. */
  flush(): Promise<void>;
}

/**
 * Tracks which messages the server has confirmed: core NATS confirms no single message, but an answered ping confirms
 * all messages before it. So a broken connection may have lost only the messages of about the last second.
 */
export class DeliveryConfirmations {
  readonly #source: ConfirmationSource;
  #confirmed = 0;
  #timer: Timer | undefined;

  constructor(source: ConfirmationSource) {
    this.#source = source;
  }

  /** How many messages the server is known to have. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Notes that a message was sent, and flushes later. */
  confirmSoon(): void {
    this.#timer ??= this.#source.clock.setTimeout(() => this.#ask(), INTERVAL);
  }

  /** Flushes now. */
  async confirm(): Promise<void> {
    const sent = this.#source.sent();
    await this.#source.flush();
    this.#confirmed = Math.max(this.#confirmed, sent);
  }

  /** Stops flushing until another message is sent. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Waits for the answer before the next flush; the heartbeat detects a server that does not answer. */
  #ask(): void {
    const asked = this.#timer;
    const goOn = () => {
      if (this.#timer !== asked) return;
      this.#timer = undefined;
      if (this.#confirmed < this.#source.sent()) this.confirmSoon();
    };
    // the line has already reported the broken connection
    this.confirm().then(goOn, goOn);
  }
}
