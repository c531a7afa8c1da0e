import { asMilliseconds } from "../../duration.ts";
import type { Clock } from "../../clock.ts";
import type { ValidationError } from "../../errors.ts";
import type { NextOptions } from "../../reader.ts";
import type { Codecs } from "../../message/codecs.ts";
import { type Message, ReceivedMessage, type Reception } from "../../message/message.ts";
import { type Schema, SlowChecks, validate } from "../../message/schema.ts";
import { headersOf, type ReceivedBody, typeOf } from "../frames/body_frames.ts";
import type { BodyCode } from "../frames/frame.ts";
import type { FrameAssembler } from "./frame_assembler.ts";

/** The purpose of one end of a link. */
export interface Purpose {
  /** The subject it was opened on. */
  readonly subject: string;
  /** The pattern of the subscriber that serves it; `undefined` on the opening side. */
  readonly pattern?: string | undefined;
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

/** Reads bodies as messages, checked by the schema. */
export class SessionReader {
  readonly #assembler: FrameAssembler;
  readonly #common: CommonParts;
  /** Made on first use, as most sessions have no asynchronous schema. */
  #checks: SlowChecks<Message> | undefined;
  #receptions: Partial<Record<BodyCode, Reception>> | undefined;

  constructor(assembler: FrameAssembler, common: CommonParts) {
    this.#assembler = assembler;
    this.#common = common;
  }

  /** The next message; `undefined` once nothing more comes. */
  async read(options?: NextOptions): Promise<Message | undefined> {
    const { schema } = this.#common;
    const until = this.#common.clock.now() + (asMilliseconds(options?.timeout) ?? Infinity);
    const late = this.#checks?.shift();
    if (late) return await this.#checks!.wait(late, until, options);
    const arrived = await this.#assembler.next(options);
    if (!arrived) return undefined;
    const message = this.#messageOf(arrived);
    if (!schema) return message;
    const valid = validate(schema, message.body, (error) => this.#refusal(error));
    if (!(valid instanceof Promise)) return message.withBody(valid);
    const { clock, subject } = this.#common;
    const checks = this.#checks ??= new SlowChecks(clock, "read a session", subject);
    return await checks.wait(
      checks.begin(valid.then((body) => message.withBody(body))),
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
    this.#checks?.cancel();
  }

  /** The next message, if it is there and no schema has to see it: a few promises for each cost more than all else. */
  readNow(): Message | undefined {
    const arrived = this.#common.schema ? undefined : this.#assembler.shift();
    return arrived && this.#messageOf(arrived);
  }

  #messageOf(arrived: ReceivedBody): ReceivedMessage {
    return new ReceivedMessage(
      arrived,
      this.#receptions?.[arrived.code] ?? this.#reception(arrived),
    );
  }

  /** The same for all messages of a kind, unless they have headers of their own. */
  #reception(arrived: ReceivedBody): Reception {
    const { correlationId: conversation, pattern, signal, codecs, unfit } = this.#common;
    const reception = {
      headers: headersOf(arrived),
      contentType: arrived.headerBlock ? undefined : typeOf(arrived.code),
      conversation,
      pattern,
      signal,
      codecs,
      unfit,
    };
    if (!arrived.headerBlock) (this.#receptions ??= {})[arrived.code] = reception;
    return reception;
  }
}
