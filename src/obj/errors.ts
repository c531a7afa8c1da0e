import { JetStreamError } from "../jetstream/api/errors.ts";

/**
 * What is wrong with an object that is there. `corrupt`: its bytes are not those that were put; `incomplete`: chunks of it
 * are missing, as it was replaced or deleted while it was read, or as a part of it has expired; `unreadable`: what a peer
 * has written about it cannot be understood; `link`: it is a link to a whole bucket, or links lead in a circle.
 */
export type ObjectFault = "corrupt" | "incomplete" | "unreadable" | "link";

/** An object is there, and cannot be given as it was put. */
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

  /** Makes one for an action such as `get "a.pdf" of "files"`; `rule` says what must hold, and what was found. */
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
