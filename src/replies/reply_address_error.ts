import { shown } from "../options.ts";
import { concealInbox, shortened } from "../subject/shortened.ts";

/**
 * A message was not handled, as its answer would go where this broker does not answer: to the server's own subjects, to
 * what it serves itself, to an inbox of its own, or outside of `answersTo`. It is an `error` event, at the first message
 * of a subscriber, the tenth, the hundredth.
 */
export class ReplyAddressError extends Error {
  static {
    this.prototype.name = "ReplyAddressError";
  }
  /** The subject of the message. */
  readonly subject: string;
  /** Where its answer was to go. */
  readonly replyTo: string;
  /** How many messages of this subscriber were refused so far. */
  readonly count: number;

  /** Makes one; the sentence names both subjects. */
  constructor(subject: string, replyTo: string, count: number) {
    const address = shown(replyTo.length > 100 ? `${replyTo.slice(0, 100)}…` : replyTo);
    const rule = "its answer must go where the broker answers";
    super(shortened(`Cannot handle a message to "${subject}" as ${rule}: ${address} (${count})`));
    this.subject = subject;
    this.replyTo = replyTo;
    this.count = count;
    concealInbox(this);
    Object.defineProperty(this, "replyTo", { enumerable: false });
  }
}
