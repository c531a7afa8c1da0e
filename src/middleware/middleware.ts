import type { HeaderFields, HeaderRecord } from "../message/headers.ts";
import type { Message } from "../message/message.ts";

/**
 * What stands around a handler. It calls `next` for what comes behind it, once at most, and may give back another reply;
 * one that gives nothing back keeps what `next` gave, and gives `null` to leave the reply empty. Without a call the
 * handler is not run, and what it gives back is the reply instead.
 */
export type Middleware<State = Readonly<Record<string, unknown>>> = (
  message: Message<unknown, Readonly<Record<string, string>>, State>,
  next: () => Promise<unknown>,
) => unknown;

/** A message before it is encoded. */
export interface Draft {
  /** What it is sent as; a `message` is one of a session. */
  readonly kind: "publish" | "request" | "reply" | "message";
  /** Where it goes. */
  readonly subject: string;
  /** What it says: text, bytes, or any JSON value. */
  readonly body: unknown;
  /** Headers beside ours. */
  readonly headers?: HeaderFields | undefined;
  /** Where an answer goes; a request's is its own. */
  readonly replyTo?: string | undefined;
  /** What ties together all messages of one piece of work. */
  readonly correlationId: string;
}

/** A draft as a middleware is given it: its headers are an object, so that `{ ...draft.headers, tenant }` adds to them. */
export interface GivenDraft extends Draft {
  /** Headers beside ours; a list of values stands for a header that is there several times. */
  readonly headers?: HeaderRecord | undefined;
}

/**
 * What stands around everything that is sent. It calls `next` with a changed copy of the draft, or with nothing to leave
 * it as it is, once at most; without a call nothing is sent. What `next` resolves with is the answer of a request, and
 * nothing for all else; a middleware that gives nothing back keeps it. A refusal for want of room goes past it while it has
 * 256 of them of the same subject: a flood of requests must not fill it.
 */
export type PublishMiddleware = (
  draft: GivenDraft,
  next: (draft?: Draft) => Promise<unknown>,
) => unknown;
