import { DecodeError, PayloadTooLargeError, ReplyError, ValidationError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import { MessageHeaders } from "../../door/mod.ts";
import { ConflictError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { deadHeaders, type DeadIssue, type DeadReason, deadSubject } from "../dead/dead_letter.ts";
import { publishStored } from "../publish/publish_stored.ts";
import type { Held } from "./stored_delivery.ts";

/** How long to try to store a dead letter, in milliseconds; then its message comes again, and it is tried anew. */
const PATIENCE = 10_000;
const NO_BYTES = new Uint8Array();
/** Stores it only if the origin has no dead letter yet, however long ago. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/** Why a message is given up. */
export interface Death {
  readonly reason: DeadReason;
  readonly error: Error;
}

/** Stores dead letters, each once: under a subject of its own for each origin. */
export class DeadWriter {
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #hasStacks: boolean;

  constructor(api: JetStreamApi, stream: string, hasStacks: boolean) {
    this.#api = api;
    this.#stream = stream;
    this.#hasStacks = hasStacks;
  }

  /**
   * Stores one; resolves once it is stored, by this process or by another one.
   *
   * @throws {Error} if it cannot be stored now
   */
  async write(held: Held, death: Death): Promise<void> {
    try {
      await this.#publish(held, death, held.raw.data, this.#hasStacks);
    } catch (error) {
      if (!(error instanceof PayloadTooLargeError)) throw error;
      await this.#writeShort(held, death);
    }
  }

  /** Headers and body are too much together: the stack is left out, and the body must fit then. */
  async #writeShort(held: Held, { reason, error }: Death): Promise<void> {
    const short = new Error(error.message.slice(0, 100));
    await this.#publish(held, { reason, error: short }, held.raw.data, false);
  }

  async #publish(held: Held, death: Death, data: Uint8Array, hasStack: boolean): Promise<void> {
    const { raw: { headerBlock }, origin, attempt } = held;
    const { reason, error } = death;
    const headers = MessageHeaders.parse(headerBlock ?? NO_BYTES);
    const fields = deadHeaders(headers, {
      ...origin,
      attempts: attempt,
      reason,
      error: error.message,
      issues: issuesOf(error),
      stack: hasStack ? error.stack : undefined,
    });
    const subject = deadSubject(this.#stream, origin, held.life);
    try {
      const all = [...fields as Iterable<readonly [string, string]>, ONCE];
      const ack = await publishStored(this.#api, subject, data, {
        headers: all,
        timeout: PATIENCE,
      });
      if (ack.stream === this.#stream) return;
      const rule = `"${this.#stream}" must take its subject: "${ack.stream}" does`;
      throw new Error(`Cannot keep a dead letter as ${rule}`);
    } catch (error) {
      // it is there already
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Whether the body is at fault, so that another attempt would be in vain. */
export function isUnfit(error: unknown): boolean {
  const known = asError(error);
  return known instanceof ReplyError && known.code === 400 &&
    (known.cause instanceof DecodeError || known.cause instanceof ValidationError);
}

function issuesOf(error: Error): readonly DeadIssue[] | undefined {
  return error.cause instanceof ValidationError ? error.cause.issues : undefined;
}
