import { checkOptions, oneOf } from "../../options.ts";
import { handled } from "../../promises.ts";
import { DEAD, type HeaderFields } from "../../door/mod.ts";
import { ConflictError, JetStreamError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { type DeadLetter, keptHeaders, replaySubject } from "../dead/dead_letter.ts";
import { publishStored } from "../publish/publish_stored.ts";
import type { StoredMessage } from "../read/stored_message.ts";

/** Where a dead letter is given back. */
export interface ReplayOptions {
  /**
   * To the consumer that gave it up, or to all, as a new message of the stream.
   *
   * @default {"consumer"}
   */
  readonly to?: "consumer" | "stream";
}

const RULES = { to: oneOf("consumer", "stream") };
/** Where another message stands already, this one was given back before. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/** What becomes of one dead letter, which is decided once. */
export class DeadLetterFate {
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #stored: StoredMessage;
  readonly #letter: DeadLetter;
  /** What was decided first. */
  #decided: Promise<boolean> | undefined;

  /** `stream` is the one of the dead letters. */
  constructor(api: JetStreamApi, stream: string, stored: StoredMessage, letter: DeadLetter) {
    this.#api = api;
    this.#stream = stream;
    this.#stored = stored;
    this.#letter = letter;
  }

  /** Gives it back; resolves with whether it was this call that did it. */
  replay(options?: ReplayOptions): Promise<boolean> {
    return this.#decide(() => {
      checkOptions("replay a dead letter", options, RULES);
      return options?.to === "stream" ? this.#toStream() : this.#toConsumer();
    });
  }

  /** Deletes it; resolves with whether it was this call that did it. */
  discard(): Promise<boolean> {
    return this.#decide(() => this.#delete());
  }

  /** One after the other, as the second finds it gone; one that has failed may be tried again. */
  #decide(act: () => Promise<boolean>): Promise<boolean> {
    const before = this.#decided ?? Promise.resolve(false);
    const decided = before.catch(() => false).then((isDecided) => isDecided ? false : act());
    this.#decided = decided.then((isDecided) => isDecided || before.catch(() => false));
    this.#decided.catch(() => {});
    return handled(decided);
  }

  /** To a subject of the consumer's own, which no other consumer reads. */
  async #toConsumer(): Promise<boolean> {
    const { subject, seq, data, headers } = this.#stored;
    if (!await this.#isThere()) return false;
    // new pairs, as those of received headers of one hop are not sent
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
    // two processes at once store it under one id
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

/** Whether another one has deleted the message; the server has two ways to say so. */
function isGone(error: unknown): boolean {
  return error instanceof NotFoundError ||
    (error instanceof JetStreamError && error.description === "no message found");
}
