import { concealInbox, shortened } from "../subject/shortened.ts";

/**
 * How a stream or a session ended: all was said and taken (`complete`), the other side failed (`error`), either side
 * left early (`cancelled`), its time was over (`deadline`), nothing was said for too long (`idle`), the other side
 * does not answer any more (`peer gone`), something was lost for good (`gap`), or either broker stopped
 * (`shutting down`).
 */
export type LinkEnd =
  | "complete"
  | "error"
  | "cancelled"
  | "deadline"
  | "idle"
  | "peer gone"
  | "gap"
  | "shutting down";

const SENTENCES: Readonly<Record<LinkEnd, string>> = {
  complete: "it must be open: it is complete",
  error: "the other side must succeed: it failed",
  cancelled: "it must be open: it was left",
  deadline: "it must be done in time: its deadline has passed",
  idle: "something must be said now and then: it was idle for too long",
  "peer gone": "the other side must answer: it is gone",
  gap: "nothing may be missing: something was lost for good",
  "shutting down": "both brokers must go on: one is shutting down",
};

/** A stream or a session ended before what was asked of it could be done. */
export class LinkError extends Error {
  static {
    this.prototype.name = "LinkError";
  }
  /** How it ended. */
  readonly reason: LinkEnd;
  /** The subject it was opened on. */
  readonly subject: string;
  /** What the other side said of it, if it did. */
  readonly description: string | undefined;

  /** Makes one; `action` is what cannot be done, such as `"read"`. */
  constructor(
    action: string,
    subject: string,
    reason: LinkEnd,
    description?: string,
    options?: ErrorOptions,
  ) {
    const said = description ? `, saying ${JSON.stringify(description)}` : "";
    super(shortened(`Cannot ${action} "${subject}" as ${SENTENCES[reason]}${said}`), options);
    this.reason = reason;
    this.subject = subject;
    this.description = description;
    concealInbox(this);
  }
}
