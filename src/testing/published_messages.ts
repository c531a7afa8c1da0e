import type { Codecs } from "../message/codecs.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { copyRawMessage, heldSize, type RawMessage } from "../message/raw_message.ts";
import { type Bounds, DEFAULT_BOUNDS } from "../queue.ts";
import type { Pattern } from "../subject/subject.ts";
import { overlap } from "../subject/wildcards.ts";
import type { Witness } from "./server/publications.ts";

/** What was published on the server of a test, oldest first; beyond the bounds the oldest are dropped. */
export class PublishedMessages {
  readonly #bounds: Bounds;
  #messages: RawMessage[] = [];
  #bytes = 0;

  constructor(bounds: Bounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  readonly add: Witness = ({ subject, reply, headerSize }, payload) => {
    const size = Math.max(0, headerSize);
    const message = copyRawMessage({
      subject,
      replyTo: reply,
      data: payload.subarray(size),
      headerBlock: size > 0 ? payload.subarray(0, size) : undefined,
    });
    this.#messages.push(message);
    this.#bytes += heldSize(message);
    const { messages, bytes } = this.#bounds;
    if (this.#messages.length > messages || this.#bytes > bytes) this.#drop();
  };

  /** The messages whose subject matches the pattern. */
  matching(pattern: Pattern, codecs: Codecs | undefined): readonly Message[] {
    return this.#messages.filter(({ subject }) => overlap(pattern.subject, subject))
      .map((message) =>
        new ReceivedMessage(message, {
          params: pattern.read(message.subject),
          pattern: pattern.text,
          codecs,
        })
      );
  }

  /** drops several at a time, as each drop moves all the others */
  #drop(): void {
    const { messages, bytes } = this.#bounds;
    const most = { messages: messages * 0.9, bytes: bytes * 0.9 };
    let dropped = 0;
    while (this.#messages.length - dropped > most.messages || this.#bytes > most.bytes) {
      this.#bytes -= heldSize(this.#messages[dropped++]!);
    }
    this.#messages = this.#messages.slice(dropped);
  }
}
