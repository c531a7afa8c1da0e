import type { Clock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { ValidationError } from "../../errors.ts";
import type { NextOptions } from "../../inbox/inbox.ts";
import type { Codecs } from "../../message/codecs.ts";
import { type Message, ReceivedMessage, type Reception } from "../../message/message.ts";
import { LONGEST_VALIDATION, type Schema, validate } from "../../message/schema.ts";
import { headersOf, type ReceivedBody } from "../frames/body_frames.ts";
import type { BodyCode } from "../frames/frame.ts";
import type { FrameAssembler } from "./frame_assembler.ts";

/** The purpose of one end of a link. */
export interface Purpose {
  /** The subject it was opened on. */
  readonly subject: string;
  readonly correlationId: string;
  /** Checks what comes in. */
  readonly schema: Schema | undefined;
  /** Called for each invalid body, which is the peer's fault. */
  readonly unfit?: ((error: Error) => void) | undefined;
  /** What this side does on a link that has bodies one way only. */
  readonly only?: "reading" | "sending" | undefined;
}

/** What all messages of a link share. */
export interface CommonParts extends Purpose {
  readonly clock: Clock;
  readonly signal: () => AbortSignal;
  readonly codecs: Codecs | undefined;
}

/** A message whose asynchronous schema has not finished. */
class Checking {
  readonly message: Promise<Message | undefined>;
  /** When the schema must have finished, by the clock. */
  readonly until: number;
  #isDone = false;
  readonly #left = Promise.withResolvers<undefined>();

  constructor(valid: Promise<Message>, now: number) {
    this.until = now + LONGEST_VALIDATION;
    const done = () => void (this.#isDone = true);
    valid.then(done, done);
    this.message = Promise.race([valid, this.#left.promise]);
    this.message.catch(() => {});
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Nobody wants it any more. */
  cancel(): void {
    this.#left.resolve(undefined);
  }
}

/** Reads bodies as messages, checked by the schema. */
export class SessionReader {
  readonly #assembler: FrameAssembler;
  readonly #common: CommonParts;
  /** Messages whose schema took longer than their reader; made on first use, as most sessions need none. */
  #late: Checking[] | undefined;
  #checking: Set<Checking> | undefined;
  #receptions: Partial<Record<BodyCode, Reception>> | undefined;

  constructor(assembler: FrameAssembler, common: CommonParts) {
    this.#assembler = assembler;
    this.#common = common;
  }

  /** The next message; `undefined` once nothing more comes. */
  async read(options?: NextOptions): Promise<Message | undefined> {
    const { schema } = this.#common;
    const until = this.#common.clock.now() + (options?.timeout ?? Infinity);
    const late = this.#late?.shift();
    if (late) return await this.#checked(late, until, options);
    const arrived = await this.#assembler.next(options);
    if (!arrived) return undefined;
    const message = this.#messageOf(arrived);
    if (!schema) return message;
    const valid = validate(schema, message.body, (error) => this.#refusal(error));
    if (!(valid instanceof Promise)) return message.withBody(valid);
    return await this.#checked(
      new Checking(valid.then((body) => message.withBody(body)), this.#common.clock.now()),
      until,
      options,
    );
  }

  #refusal(error: ValidationError): ValidationError {
    this.#common.unfit?.(error);
    return error;
  }

  /** Stops waiting for schemas. */
  cancel(): void {
    this.#late = undefined;
    for (const checking of this.#checking ?? []) checking.cancel();
  }

  /** Waits for a schema; a message that it takes too long for by the reader's own time is for the next reader. */
  async #checked(
    checking: Checking,
    until: number,
    options: NextOptions = {},
  ): Promise<Message | undefined> {
    const left = Math.min(until, checking.until) - this.#common.clock.now();
    const given = until < checking.until ? options.timeout : LONGEST_VALIDATION;
    const { clock } = this.#common;
    const patience = { clock, timeout: Math.max(0, left), given, signal: options.signal };
    const all = this.#checking ??= new Set();
    all.add(checking);
    try {
      return await within(checking.message, patience, "read a session", this.#common.subject);
    } catch (error) {
      if (!checking.isDone && this.#common.clock.now() < checking.until) {
        (this.#late ??= []).unshift(checking);
      }
      throw error;
    } finally {
      all.delete(checking);
    }
  }

  /** The next message, if it is there and no schema has to see it: a few promises for each cost more than all else. */
  readNow(): Message | undefined {
    const arrived = this.#common.schema ? undefined : this.#assembler.shift();
    return arrived && this.#messageOf(arrived);
  }

  #messageOf(arrived: ReceivedBody): ReceivedMessage {
    const { code, data, headerBlock } = arrived;
    const packet = { subject: this.#common.subject, replyTo: "", data, headerBlock };
    return new ReceivedMessage(packet, this.#receptions?.[code] ?? this.#reception(arrived));
  }

  /** The same for all messages of a kind, unless they have headers of their own. */
  #reception(arrived: ReceivedBody): Reception {
    const { correlationId: conversation, signal, codecs, unfit } = this.#common;
    const reception = { headers: headersOf(arrived), conversation, signal, codecs, unfit };
    if (!arrived.headerBlock) (this.#receptions ??= {})[arrived.code] = reception;
    return reception;
  }
}
