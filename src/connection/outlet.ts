import type { Clock } from "../clock.ts";
import { ConnectionError, PayloadTooLargeError } from "../errors.ts";
import type { Line } from "../line/line.ts";
import { isUnwatched, type Outgoing } from "../message/outgoing.ts";
import { sizeOf } from "../message/packet.ts";
import { checkAddresses } from "../wire/segment.ts";
import type { Writer } from "../wire/writer.ts";
import type { ControlLines } from "./control_lines.ts";
import { Outbox } from "./outbox.ts";
import { Receipts } from "./receipts.ts";
import type { Roll } from "./roll.ts";

/** So much may wait for the socket, in bytes, before what can be left out is; in memory it is four times as much. */
const FULL = 8_388_608;

/** What goes for the socket that has come back. */
export interface Resumption {
  /** Whether it is still there. */
  isUp(): boolean;
  /** The most that its server takes, in bytes; it may be less than the one before took. */
  readonly largest: number;
  /** Told what cannot be sent any more. */
  failed(error: Error, subject: string): void;
}

/**
 * All that is sent, and what becomes of it: written while there is a socket, and else held; taken back from a socket
 * that has gone, where it was not handed over; counted, where nobody can tell whether it arrived.
 */
export class Outlet {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #lines: ControlLines;
  readonly #roll: Pick<Roll, "published" | "asked">;
  #writer: Writer | undefined;
  /** How many bytes the lines before this one were given. */
  #past = 0;
  #receipts: Receipts | undefined;
  /** How many messages may have been lost, ever. */
  #doubtful = 0;
  /** How many messages the server has refused, ever, and why the last one was. */
  #refused = 0;
  #refusal: Error | undefined;
  /** How many of both a flush has told of. */
  #told = { doubtful: 0, refused: 0 };

  /** What is held stays within so many bytes. */
  constructor(
    clock: Clock,
    limit: number,
    lines: ControlLines,
    roll: Pick<Roll, "published" | "asked">,
  ) {
    this.#clock = clock;
    this.#outbox = new Outbox(clock, limit);
    this.#lines = lines;
    this.#roll = roll;
  }

  /** Sends through this line from now on. */
  open(line: Line): void {
    const writer = this.#writer = line.writer;
    this.#receipts = new Receipts({
      clock: this.#clock,
      given: () => writer.taken,
      ask: () => line.ask(this.#roll.asked()),
    });
  }

  /**
   * Writes, or holds what must wait; gives whether it was written.
   *
   * @throws {OutboxFullError} @throws {InvalidSubjectError}
   */
  publish(outgoing: Outgoing, isUp: boolean): boolean {
    this.#lines.check(outgoing, isUp);
    if (isUp && this.#outbox.count === 0) {
      this.#write(outgoing);
      return true;
    }
    this.#takeBack();
    // what the writer would refuse later must not be held
    checkAddresses(outgoing);
    this.#outbox.hold(outgoing);
    return false;
  }

  /** Takes a message back, unless it has been handed to the socket; it is never sent then. */
  withdraw(outgoing: Outgoing): void {
    outgoing.isForgotten = true;
    this.#outbox.withdraw(outgoing);
    this.#writer?.withdraw();
  }

  /** The same; gives whether it was taken back. To look for it takes the longer the more there are. */
  takeBack(outgoing: Outgoing): boolean {
    const isUnsent = this.#outbox.has(outgoing) || (this.#writer?.has(outgoing) ?? false);
    this.withdraw(outgoing);
    return isUnsent;
  }

  /** How many bytes were written, and how many of them do not wait for the socket any more. */
  get given(): number {
    return this.#past + (this.#writer?.given ?? 0);
  }

  get left(): number {
    return this.#past + (this.#writer?.left ?? 0);
  }

  /** Whether so much waits for the socket that refusals, and what is said again anyway, must not be added. */
  get isFull(): boolean {
    return this.given - this.left > FULL;
  }

  /** Resolves once the socket has taken most of what was published; `undefined` where that is so. */
  room(): Promise<void> | undefined {
    return this.#writer?.room();
  }

  /** Resolves once the server has all that was written; rejects where the line ends before. */
  confirm(): Promise<void> {
    return this.#receipts?.confirm() ?? Promise.reject(new Error("the connection was closed"));
  }

  /** Has the server asked within a second. */
  expect(): void {
    this.#receipts?.expect();
  }

  /** The server has refused a message of the program's own, or would have: the next flush tells of it. */
  refused(error: Error): void {
    this.#refused++;
    this.#refusal = error;
  }

  /** A message is not sent, as the server would not take it. */
  dropped(outgoing: Outgoing, error: Error, failed: Resumption["failed"]): void {
    if (isUnwatched(outgoing)) this.refused(error);
    failed(error, outgoing.subject);
  }

  /**
   * Gives what throws, once a flush is through, if messages may be lost or were refused that no flush before it has told
   * of.
   */
  account(): () => void {
    const told = this.#told;
    return () => {
      this.#told = { doubtful: this.#doubtful, refused: this.#refused };
      const lost = this.#doubtful - told.doubtful;
      if (lost > 0) {
        const sentence =
          `Cannot flush as the connection must hold: it broke, ${lost} messages on their way`;
        throw new ConnectionError(sentence, "interrupted");
      }
      if (this.#refused > told.refused) throw this.#refusal;
    };
  }

  /** The socket is there again, and what is held goes first. */
  resume({ isUp, largest, failed }: Resumption): void {
    this.#outbox.release((outgoing) => {
      if (!isUp()) return false;
      try {
        const size = sizeOf(outgoing);
        // the server would end the connection, and what was sent beside it would be lost
        if (size > largest) throw new PayloadTooLargeError(outgoing.subject, size, largest);
        this.#lines.check(outgoing, true);
        this.#write(outgoing);
      } catch (error) {
        // one that this server does not take must not keep back what stands behind it
        this.dropped(outgoing, error as Error, failed);
      }
      return true;
    });
  }

  /** The line has ended; gives how many messages may be lost with it. */
  interrupt(): number {
    const writer = this.#writer;
    if (!writer) return 0;
    this.#takeBack();
    const unconfirmed = Math.max(0, writer.sent - this.#receipts!.confirmed);
    this.#receipts!.stop();
    this.#past += writer.given;
    this.#writer = this.#receipts = undefined;
    this.#doubtful += unconfirmed;
    return unconfirmed;
  }

  /** Resolves once nothing is held: all was sent, or taken back. */
  emptied(): Promise<void> {
    return this.#outbox.emptied();
  }

  /** Sends nothing more; `failed` is told of what was held, and of what may be lost. */
  close(failed: (error: Error) => void): void {
    const unconfirmed = this.interrupt();
    const held = this.#outbox.clear();
    const sentences = [
      held > 0 && `Cannot send what was held as the connection must come back: ${held} lost`,
      unconfirmed > 0 && `Cannot confirm all as the server must answer: ${unconfirmed} may be lost`,
    ];
    for (const each of sentences) if (each) failed(new ConnectionError(each, "closed"));
  }

  #write(outgoing: Outgoing): void {
    this.#writer!.publish(outgoing);
    if (!isUnwatched(outgoing)) return;
    this.#receipts!.expect();
    this.#roll.published(outgoing.subject);
  }

  /** What was not handed over cannot have arrived: it goes before all that is published from now on. */
  #takeBack(): void {
    for (const unsent of this.#writer?.takeBack() ?? []) this.#outbox.resume(unsent);
  }
}
