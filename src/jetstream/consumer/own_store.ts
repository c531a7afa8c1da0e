import type { StreamInfo } from "../api/api_types.ts";
import { ConflictError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { publishStored } from "../publish/publish_stored.ts";
import { privateFilter, privateSubject, retrySubject } from "../stream/own_subjects.ts";
import { ownFields, tokenOf } from "./own_message.ts";
import type { Held } from "./stored_delivery.ts";

/** How long to try to store a message, in milliseconds; then it goes back to the server as it is. */
const PATIENCE = 10_000;
/** Stores nothing where there is one already, however long ago it was stored. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/**
 * What a consumer stores in its stream for itself alone, under subjects that no other consumer reads: a message for
 * later, so that it holds no place until then, or for now, so that it is off its own subject. Whoever stores a message
 * acknowledges the one that it replaces afterwards; killed between the two, it leaves both, of which `isElsewhere()` finds
 * the second.
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
   * Stores a message's next attempt, due after so many milliseconds by the server's clock. While one waits, no second one
   * is stored.
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
   * Stores a message for this consumer alone, to be delivered now, as the attempt that it is.
   *
   * @throws {Error} if it cannot be stored now
   */
  async now(held: Held): Promise<void> {
    const { attempt, origin } = held;
    const subject = privateSubject(this.#stream, this.#consumer, tokenOf(origin), attempt);
    await this.#publish(subject, held, attempt, []);
  }

  /**
   * Whether a message that was delivered once more was stored for later or for now, and its acknowledgement was lost: it
   * goes on there. In a work queue, whether that is done already.
   */
  async isElsewhere({ origin, rank }: Held, isQueue: boolean): Promise<boolean> {
    const filter = privateFilter(this.#stream, this.#consumer, { token: tokenOf(origin) });
    const ranks = (await this.#subjectsIn(filter)).map(rankOf);
    if (ranks.some((each) => each > rank)) return true;
    if (!isQueue) return false;
    // what a work queue has no more is done
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
      // it is there already
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Whether the last token counts attempts: of a schedule it does not, and it comes behind all that was delivered. */
function rankOf(subject: string): number {
  const rank = Number(subject.slice(subject.lastIndexOf(".") + 1));
  return Number.isNaN(rank) ? Infinity : rank;
}

/** How many messages of a consumer wait for their time; with `kind: "*"` also how many are due, or were. */
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
