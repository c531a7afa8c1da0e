import { JetStreamError } from "../jetstream/api/errors.ts";

/**
 * What is wrong with an existing object. `corrupt`: its bytes differ from those that were put; `incomplete`: chunks are
 * missing, as it was replaced or deleted while it was read, or has partly expired; `unreadable`: its info, written by
 * another client, is invalid; `link`: it links to a whole bucket, or its links form a cycle.
 */
export type ObjectFault = "corrupt" | "incomplete" | "unreadable" | "link";

/** An object exists, and cannot be returned as it was put. */
export class ObjectError extends JetStreamError {
  static {
    this.prototype.name = "ObjectError";
  }
  /** What is wrong. */
  readonly reason: ObjectFault;
  /** The bucket of the object. */
  readonly bucket: string;
  /** The name of the object. */
  readonly object: string;

  /**
   * Creates the error for an action such as `get "a.pdf" of "files"`; `rule` says what must hold, and what was found.
   */
  constructor(
    action: string,
    reason: ObjectFault,
    rule: string,
    where: { readonly bucket: string; readonly object: string },
    options?: ErrorOptions,
  ) {
    super(action, rule, undefined, options);
    this.reason = reason;
    this.bucket = where.bucket;
    this.object = where.object;
  }
}
