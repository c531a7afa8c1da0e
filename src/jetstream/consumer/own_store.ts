import type { StreamInfo } from "../api/api_types.ts";
import { ConflictError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { publishStored } from "../publish/publish_stored.ts";
import { privateFilter, privateSubject, retrySubject } from "../stream/own_subjects.ts";
import { ownFields, tokenOf } from "./own_message.ts";
import type { Held } from "./stored_delivery.ts";

/** How long to try to store a message, in milliseconds; after that, the message goes back to the server. */
const PATIENCE = 10_000;
/** The header that refuses a second message of the subject, however old the first one is. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/**
 * Stores a consumer's own messages in its stream, under subjects that no other consumer reads: a schedule for a later
 * attempt, so that the message holds no place while it waits; or a message for now, so that a job leaves its own subject.
 * The process then acknowledges the original. If it is killed between the two, both messages exist, and `isElsewhere()`
 * recognizes the original when the server delivers it again.
 */
export class OwnStore {
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #consumer: string;

  constructor(api: JetStreamApi, stream: string, consumer: string) {
    this.#api = api;
    this.#stream = stream;
    this.#consumer = consumer;
  }

  /**
   * Stores the next attempt of a message, due after `delay` milliseconds by the server's clock. Does nothing while a stored
   * attempt of the message waits.
   *
   * @throws {Error} if it cannot be stored now
   */
  async later(held: Held, delay: number): Promise<void> {
    const token = tokenOf(held.origin);
    const attempt = held.attempt + 1;
    const due = new Date(this.#api.serverTime.now + delay);
    await this.#publish(retrySubject(this.#stream, this.#consumer, token), held, attempt, [
      ["Nats-Schedule", `@at ${due.toISOString()}`],
      ["Nats-Schedule-Target", privateSubject(this.#stream, this.#consumer, token, attempt)],
    ]);
  }

  /**
   * Stores the current attempt of a message as an own message, to be delivered now.
   *
   * @throws {Error} if it cannot be stored now
   */
  async now(held: Held): Promise<void> {
    const { attempt, origin } = held;
    const subject = privateSubject(this.#stream, this.#consumer, tokenOf(origin), attempt);
    await this.#publish(subject, held, attempt, []);
  }

  /**
   * Whether a message that is delivered again was already stored as an own message, because its acknowledgement was lost.
   * In a work queue, also whether that own message is already done.
   */
  async isElsewhere({ origin, rank }: Held, isQueue: boolean): Promise<boolean> {
    const filter = privateFilter(this.#stream, this.#consumer, { token: tokenOf(origin) });
    const ranks = (await this.#subjectsIn(filter)).map(rankOf);
    if (ranks.some((each) => each > rank)) return true;
    if (!isQueue) return false;
    // a work queue removes messages that are done
    return rank > 0 ? !ranks.includes(rank) : (await this.#subjectsIn(origin.subject)).length === 0;
  }

  async #subjectsIn(filter: string): Promise<string[]> {
    const { state } = await this.#api.call<StreamInfo>(
      `STREAM.INFO.${this.#stream}`,
      { subjects_filter: filter },
    );
    return Object.keys(state.subjects ?? {});
  }

  async #publish(
    subject: string,
    held: Held,
    attempt: number,
    more: readonly (readonly [string, string])[],
  ): Promise<void> {
    const headers = [...ownFields(held, attempt), ...more, ONCE];
    try {
      const options = { headers, timeout: PATIENCE };
      const ack = await publishStored(this.#api, subject, held.raw.data, options);
      if (ack.stream === this.#stream) return;
      const rule = `"${this.#stream}" must take its subject: "${ack.stream}" does`;
      throw new Error(`Cannot store the next attempt of a message as ${rule}`);
    } catch (error) {
      // an earlier attempt to store it has succeeded
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/**
 * The rank of an own message: the attempt in its last token. A schedule has no number there, and ranks after all delivered
 * attempts.
 */
function rankOf(subject: string): number {
  const rank = Number(subject.slice(subject.lastIndexOf(".") + 1));
  return Number.isNaN(rank) ? Infinity : rank;
}

/** How many own messages wait for their time; with `kind: "*"` it also counts those that are due and not done. */
export async function waitingIn(
  api: JetStreamApi,
  stream: string,
  consumer: string,
  kind: "retry" | "*" = "retry",
): Promise<number> {
  const filter = privateFilter(stream, consumer, { kind });
  const info = await api.call<StreamInfo>(`STREAM.INFO.${stream}`, { subjects_filter: filter });
  return info.total ?? Object.keys(info.state.subjects ?? {}).length;
}
