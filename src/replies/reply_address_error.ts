import { describe } from "../options.ts";
import { concealInbox, shortened } from "../legible.ts";

/**
 * The broker did not handle a message, as it must not answer to the message's reply address: a subject of the server, a
 * subject that the broker serves, an inbox of its own, or an address outside of `answersTo`. The broker emits this as
 * an `error` event for a subscriber's first such message, the tenth, the hundredth.
 */
export class ReplyAddressError extends Error {
  static {
    this.prototype.name = "ReplyAddressError";
  }
  /** The subject of the message. */
  readonly subject: string;
  /** The reply address of the message. */
  readonly replyTo: string;
  /** How many messages the broker has refused for this subscriber so far. */
  readonly count: number;

  /** Makes one; the message names both subjects. */
  constructor(subject: string, replyTo: string, count: number) {
    const address = describe(replyTo.length > 100 ? `${replyTo.slice(0, 100)}…` : replyTo);
    const rule = "its answer must go where the broker answers";
    super(shortened(`Cannot handle a message to "${subject}" as ${rule}: ${address} (${count})`));
    this.subject = subject;
    this.replyTo = replyTo;
    this.count = count;
    concealInbox(this);
    Object.defineProperty(this, "replyTo", { enumerable: false });
  }
}
