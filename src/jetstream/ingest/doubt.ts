import { newToken, utf8 } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import {
  ConflictError,
  JetStreamError,
  NoStreamError,
  NotStoredError,
  UnknownOutcomeError,
} from "../api/errors.ts";
import { isPassing } from "../publish/pub_ack.ts";
import { Publications } from "../publish/publications.ts";
import type { Kept } from "./backlog.ts";
import type { IngestHost } from "./host.ts";

/** How long to wait for the answer to a message, in milliseconds. */
const ANSWER = 2_000;
/**
 * How long a leader must have accepted an id without storing the message until it never will, in milliseconds. A leader that
 * stores nothing because it cannot reach the others steps down after 10 s.
 */
const NEVER = 15_000;
/** The code of "duplicate message id is in process". */
const IN_PROCESS = 10158;
/** A sequence that no subject reaches: the refusal says which one it has reached. */
const NO_SEQUENCE = 2n ** 64n - 2n;
const decoder = new TextDecoder();

/** A message that the stream has refused. */
export interface Refused {
  readonly number: number;
  readonly error: Error;
}

/** What became of a message: it is stored, accepted but not stored yet, not taken for now, or refused. */
type Outcome = PubAck | "accepted" | "not now" | Refused;

/**
 * Settles what became of messages that were sent in a batch that broke. It publishes them again, one after the other, and
 * the stream recognizes those that it has. The answers to another batch would prove nothing: a leader skips a message whose
 * id it has accepted, and nothing says whether it is stored.
 *
 * A leader of nats-server 2.15 that has lost its leadership for a moment may keep ids that it has accepted and never stores.
 * Such a message is stored under a new id, provided that its subject has got no other message in the meantime, and that none
 * is on its way there; so it is not stored twice.
 */
export class Doubt {
  readonly #host: IngestHost;
  /** Since when the leader has accepted ids and not stored the messages, by the clock. */
  #acceptedSince: number | undefined;
  /** The last sequences of subjects, as they were before the last answer. */
  readonly #lasts = new Map<string, number>();

  constructor(host: IngestHost) {
    this.#host = host;
  }

  /**
   * Stores the messages before this number, and confirms each. Returns what follows: to go on, to try again later, or to
   * refuse a message.
   *
   * @throws {UnknownOutcomeError} for a message that the stream may have forgotten
   */
  async settle(until: number): Promise<"go on" | "wait" | Refused> {
    const { backlog, signal } = this.#host;
    while (backlog.first < until) {
      const number = backlog.first;
      const outcome = await this.#settled(number);
      if (signal.aborted) return "go on";
      if (outcome === "again") continue;
      if (outcome === "accepted" || outcome === "not now") return "wait";
      if ("error" in outcome) return outcome;
      this.#host.confirmed(number + 1, outcome);
    }
    return "go on";
  }

  /** What became of a message; `"again"` if more is known now of its subject. */
  async #settled(number: number): Promise<Outcome | "again"> {
    const message = this.#host.backlog.at(number);
    const last = this.#lasts.get(message.subject);
    const outcome = await this.#publish(number, message);
    if (outcome !== "accepted") {
      this.#acceptedSince = undefined;
      this.#lasts.clear();
      return outcome;
    }
    const now = this.#host.api.access.clock.now();
    this.#acceptedSince ??= now;
    if (now - this.#acceptedSince < NEVER) return "accepted";
    return last === undefined
      ? await this.#lookAt(message.subject)
      : await this.#storeBehind(message, last);
  }

  async #publish(
    number: number,
    { subject, data, headerBlock, id, sentAt }: Kept,
  ): Promise<Outcome> {
    const { api, signal, deadline, action, settings: { idWindow } } = this.#host;
    const now = api.access.clock.now();
    if (sentAt !== undefined && now - sentAt >= idWindow) {
      const rule = `the stream must still know its id, which it keeps for ${idWindow} ms`;
      throw new UnknownOutcomeError(action, this.#host.subject, rule, { id });
    }
    const timeout = Math.max(1, Math.min(ANSWER, deadline - now));
    const parts = { subject, data, headerBlock };
    try {
      return await Publications.of(api)
        .publish({ subject, parts, id, isOwnId: true, isOnce: true, timeout, signal });
    } catch (error) {
      if (error instanceof UnknownOutcomeError || error instanceof NotStoredError) {
        return "not now";
      }
      if (!(error instanceof JetStreamError)) throw error;
      if (error.errCode === IN_PROCESS) return "accepted";
      if (!isPassing(error) && !(error instanceof NoStreamError)) return { number, error };
      this.#host.troubled(error);
      return "not now";
    }
  }

  /** Finds out the last sequence of a subject; `"accepted"` if a message is on its way there. */
  async #lookAt(subject: string): Promise<"again" | "accepted"> {
    const { api, signal } = this.#host;
    const expected = `Nats-Expected-Last-Subject-Sequence: ${NO_SEQUENCE}`;
    const headerBlock = utf8(`NATS/1.0\r\n${expected}\r\n\r\n`);
    const parts = { subject, data: new Uint8Array(), headerBlock };
    const settings = { subject, parts, id: undefined, timeout: ANSWER, signal };
    const refusal = await Publications.of(api).publish(settings).catch((error) => error);
    const last = refusal instanceof ConflictError ? refusal.lastSeq : undefined;
    if (last === undefined) return "accepted";
    this.#lasts.set(subject, last);
    return "again";
  }

  /** Stores a message under a new id if its subject still has this last sequence. */
  async #storeBehind(
    { subject, data, headerBlock, id }: Kept,
    last: number,
  ): Promise<PubAck | "accepted"> {
    const { api, signal, deadline } = this.#host;
    const fresh = newToken();
    const expected = `Nats-Expected-Last-Subject-Sequence: ${last}`;
    const block = decoder.decode(headerBlock).replace(
      `Nats-Msg-Id: ${id}\r\n`,
      () => `Nats-Msg-Id: ${fresh}\r\n${expected}\r\n`,
    );
    const timeout = Math.max(1, deadline - api.access.clock.now());
    const parts = { subject, data, headerBlock: utf8(block) };
    try {
      const ack = await Publications.of(api)
        .publish({ subject, parts, id: fresh, isOwnId: true, timeout, signal });
      this.#lasts.set(subject, ack.seq);
      return ack;
    } catch (error) {
      this.#lasts.delete(subject);
      if (error instanceof ConflictError) return "accepted";
      throw error;
    }
  }
}
