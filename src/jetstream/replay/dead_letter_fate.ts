import { checkOptions, oneOf } from "../../options.ts";
import { handled } from "../../promises.ts";
import { DEAD, type HeaderFields } from "../../door/mod.ts";
import { ConflictError, JetStreamError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { type DeadLetter, keptHeaders, replaySubject } from "../dead/dead_letter.ts";
import { publishStored } from "../publish/publish_stored.ts";
import type { StoredMessage } from "../read/stored_message.ts";

/** Options for replaying a dead letter. */
export interface ReplayOptions {
  /**
   * Replays to the consumer that gave the message up, or to all consumers, as a new message of the stream.
   *
   * @default {"consumer"}
   */
  readonly to?: "consumer" | "stream";
}

const RULES = { to: oneOf("consumer", "stream") };
/** Rejects the replay if the subject has a message already: then this dead letter was replayed before. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/** Replays or discards one dead letter, once. */
export class DeadLetterFate {
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #stored: StoredMessage;
  readonly #letter: DeadLetter;
  /** The result of the first decision. */
  #decided: Promise<boolean> | undefined;

  /** `stream` is the stream of dead letters. */
  constructor(api: JetStreamApi, stream: string, stored: StoredMessage, letter: DeadLetter) {
    this.#api = api;
    this.#stream = stream;
    this.#stored = stored;
    this.#letter = letter;
  }

  /** Replays the dead letter; resolves with whether this call did it. */
  replay(options?: ReplayOptions): Promise<boolean> {
    return this.#decide(() => {
      checkOptions("replay a dead letter", options, RULES);
      return options?.to === "stream" ? this.#toStream() : this.#toConsumer();
    });
  }

  /** Deletes the dead letter; resolves with whether this call did it. */
  discard(): Promise<boolean> {
    return this.#decide(() => this.#delete());
  }

  /** Runs decisions one by one, as a later one finds the dead letter gone; after a failure the next one tries again. */
  #decide(act: () => Promise<boolean>): Promise<boolean> {
    const before = this.#decided ?? Promise.resolve(false);
    const decided = before.catch(() => false).then((isDecided) => isDecided ? false : act());
    this.#decided = decided.then((isDecided) => isDecided || before.catch(() => false));
    this.#decided.catch(() => {});
    return handled(decided);
  }

  /** Publishes to a subject that only this consumer reads. */
  async #toConsumer(): Promise<boolean> {
    const { subject, seq, data, headers } = this.#stored;
    if (!await this.#isThere()) return false;
    // copied pairs: the originals are marked as received, and per-hop headers among them are not sent
    const story = [...headers].filter(([name]) => name.startsWith(DEAD))
      .map(([name, value]) => [name, value] as const);
    const fields = [...keptHeaders(headers), ...story, ONCE];
    const isFirst = await this.#store(replaySubject(subject, seq), data, fields);
    await this.#delete();
    return isFirst;
  }

  async #toStream(): Promise<boolean> {
    if (!await this.#isThere()) return false;
    const { data, headers, seq } = this.#stored;
    // concurrent replays of two processes share this id, so that one message is stored
    const id = `dead:${this.#stream}:${seq}:${this.#stored.time.getTime()}`;
    const isFirst = await this.#store(this.#letter.subject, data, keptHeaders(headers), id);
    await this.#delete();
    return isFirst;
  }

  async #store(
    subject: string,
    data: Uint8Array,
    headers: HeaderFields,
    id?: string,
  ): Promise<boolean> {
    try {
      const { duplicate } = await publishStored(this.#api, subject, data, { headers, id });
      return duplicate !== true;
    } catch (error) {
      if (error instanceof ConflictError && id === undefined) return false;
      throw error;
    }
  }

  async #isThere(): Promise<boolean> {
    const { seq } = this.#stored;
    try {
      await this.#api.call(`STREAM.MSG.GET.${this.#stream}`, { seq });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError && error.kind === "message") return false;
      throw error;
    }
  }

  async #delete(): Promise<boolean> {
    const { seq } = this.#stored;
    try {
      await this.#api.call(`STREAM.MSG.DELETE.${this.#stream}`, { seq, no_erase: true });
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }
}

/** Whether the message was already deleted, which the server reports in two ways. */
function isGone(error: unknown): boolean {
  return error instanceof NotFoundError ||
    (error instanceof JetStreamError && error.description === "no message found");
}
