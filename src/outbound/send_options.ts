import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, line, milliseconds, signal } from "../options.ts";
import { checkSubject } from "../subject/subject.ts";

/** What goes with a published body. */
export interface PublishOptions {
  /** Headers beside ours; one of the same name, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Where an answer is to go; an inbox's subject, for instance. */
  readonly replyTo?: string;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
}

/** What goes with a request. */
export interface RequestOptions<Body = unknown> {
  /** Headers beside ours; one of the same name, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
  /** Milliseconds that the answer may take, a wait for the connection included. @default {the broker's `requestTimeout`} */
  readonly timeout?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Checks the answer's body and gives it its type. */
  readonly schema?: Schema<Body>;
}

const PUBLISH_RULES = {
  headers: headerFields,
  replyTo: (value: unknown) => typeof value === "string" ? undefined : "a subject",
  correlationId: line,
};

const REQUEST_RULES = {
  headers: headerFields,
  correlationId: line,
  timeout: milliseconds,
  signal,
  schema: standardSchema,
};

/** Checks a subject and what goes with the body. */
export function checkPublish(subject: string, options: PublishOptions | undefined): void {
  checkSubject("publish", subject);
  checkOptions("publish", options, PUBLISH_RULES);
  if (options?.replyTo !== undefined) checkSubject("publish", options.replyTo);
}

/** Checks a subject and what goes with a request. */
export function checkRequest(subject: string, options: RequestOptions | undefined): void {
  checkSubject("request", subject);
  checkOptions("request", options, REQUEST_RULES);
}
