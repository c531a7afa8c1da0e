import { concealInbox, shortened } from "../legible.ts";

/**
 * Why a stream or a session ended. `complete`: all messages were sent and taken; `error`: the other side failed;
 * `cancelled`: either side left early; `deadline`: its deadline passed; `idle`: no message came for too long;
 * `peer-gone`: the other side no longer answers; `gap`: a message was lost for good; `shutting-down`: either broker
 * stopped.
 */
export type LinkEnd =
  | "complete"
  | "error"
  | "cancelled"
  | "deadline"
  | "idle"
  | "peer-gone"
  | "gap"
  | "shutting-down";

const SENTENCES: Readonly<Record<LinkEnd, string>> = {
  complete: "it must be open: it is complete",
  error: "the other side must succeed: it failed",
  cancelled: "it must be open: it was cancelled",
  deadline: "it must finish in time: its deadline has passed",
  idle: "a message must arrive within its `idleTimeout`",
  "peer-gone": "the other side must answer: it is gone",
  gap: "no message may be lost: one was lost for good",
  "shutting-down": "both brokers must be running: one is shutting down",
};

/** A stream or a session ended before an operation on it could finish. */
export class LinkError extends Error {
  static {
    this.prototype.name = "LinkError";
  }
  /** Why it ended. */
  readonly reason: LinkEnd;
  /** The subject of the opening. */
  readonly subject: string;
  /** The text that the other side sent, if any. */
  readonly description: string | undefined;

  /** Makes one; `action` is the failed operation, such as `"read"`. */
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
