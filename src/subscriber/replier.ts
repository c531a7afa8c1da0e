import { ReplyError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { Channel } from "../link/ends/channel.ts";
import { LinkError } from "../link/link_error.ts";
import { errorReply, Reply } from "../message/reply.ts";
import { END, LINK } from "../message/signalbox_headers.ts";
import type { Draft } from "../middleware/middleware.ts";
import { isThenable } from "../promises.ts";
import type { Bounds } from "../queue.ts";
import type { Sender } from "../sending/sender.ts";
import { type Failure, failureOf, Unanswerable } from "../source/invocation.ts";
import type { Sink } from "../source/source.ts";
import type { Pattern } from "../subject/subject.ts";
import type { RequestInvocation } from "./request_invocation.ts";

/** How the handlers of a subject reply. */
export interface ReplyPlan {
  /** Where to publish values in addition to the reply: patterns, filled with the message's parameters. */
  readonly publishTo: readonly Pattern[];
  readonly noReply: boolean;
  readonly sender: Sender;
  readonly report: Sink["report"];
}

/** How much of an error's text to send if the whole could not be sent, in characters. */
const SHORT_TEXT = 200;
/** The headers of a reply that is a whole stream. */
const WHOLE_STREAM = [[END, "complete"]] as const;
/** The headers of a refusal by a handler of streams or sessions. */
const REFUSED_STREAM = [[END, "error"]] as const;

/** Replies to the messages of a subject. A caller that wants an answer always gets one. */
export class Replier {
  readonly #plan: ReplyPlan;
  readonly #held = new HeldReplies();

  constructor(plan: ReplyPlan) {
    this.#plan = plan;
  }

  /** Whether values are published in addition to the reply. */
  get publishes(): boolean {
    return this.#plan.publishTo.length > 0;
  }

  /** Replies with the handler's value, and publishes it; returns a promise only if it has to wait. */
  reply(invocation: RequestInvocation, value: unknown): unknown {
    const published = this.publishes && this.publish(invocation, value);
    const replied = !this.#plan.noReply && invocation.claim() && this.#send(invocation, value);
    return published ? Promise.all([published, replied]) : replied;
  }

  /** Publishes the value; a failure emits an `error` event and does not change the reply. */
  publish(invocation: RequestInvocation, value: unknown): unknown {
    const { params } = invocation.message;
    const sent = this.#plan.publishTo.map((pattern) => {
      try {
        const draft = draftOf(invocation, "publish", pattern.fill(params), value);
        const sent = this.#plan.sender.send(draft);
        return isThenable(sent)
          ? Promise.resolve(sent).catch((error) => this.#report(invocation, error))
          : sent;
      } catch (error) {
        this.#report(invocation, error);
      }
    });
    return sent.some(isThenable) && Promise.all(sent);
  }

  /** Replies with an error; returns a promise only if the reply has to wait for a middleware. */
  fail(invocation: RequestInvocation, thrown: unknown): void | Promise<void> {
    const error = asError(thrown);
    const failure = invocation.failure = failureOf(error);
    if (invocation.channel) return this.#failLink(invocation, invocation.channel, error);
    const isReply = !this.#plan.noReply && invocation.claim();
    // a `ReplyError` goes only to the caller, if there is a caller
    if (!isReply || !(error instanceof ReplyError)) this.#report(invocation, error);
    if (!isReply) return;
    const shorten = (cause: unknown) => this.#sendShort(invocation, failure, cause);
    try {
      const fields = invocation.servesLinks && isOpening(invocation) ? REFUSED_STREAM : undefined;
      const draft = errorDraft(invocation, failure);
      const { sender } = this.#plan;
      // the socket is behind: send nothing, as the refused message was counted and reported as dropped
      if (invocation.isRefused && sender.isFull) return;
      if (invocation.isRefused && !this.#held.hasRoom) return sender.sendPast(draft, fields);
      const sent = sender.send(draft, fields);
      if (isThenable(sent)) return this.#held.add(invocation, sent).catch(shorten);
    } catch (cause) {
      shorten(cause);
    }
  }

  /** Replies that the broker stops, unless a middleware holds the reply already. */
  refuse(invocation: RequestInvocation, error: Error): void | Promise<void> {
    return this.#held.of(invocation) ?? this.fail(invocation, error);
  }

  /** Sends short errors past the middleware that still hold replies; drops what these reply later. */
  expire(error: Error, late: Error): void {
    const failure = failureOf(error);
    for (const invocation of this.#held.invocations) this.#sendShort(invocation, failure, late);
  }

  #send(invocation: RequestInvocation, value: unknown): unknown {
    const fail = (cause: unknown) => {
      invocation.reopen();
      throw new Unanswerable(cause);
    };
    try {
      const draft = draftOf(invocation, "reply", invocation.replyTo, value);
      const fields = isWholeStream(invocation, value) ? WHOLE_STREAM : undefined;
      const sent = this.#plan.sender.send(draft, fields);
      return isThenable(sent) ? this.#held.add(invocation, sent).catch(fail) : sent;
    } catch (cause) {
      return fail(cause);
    }
  }

  /** Sends the error through the link, and ignores an error that follows from the link's end. */
  #failLink(invocation: RequestInvocation, channel: Channel, error: unknown): Promise<void> {
    const isOfEnd = error === channel.error("") ||
      (error instanceof LinkError && error.subject === channel.subject);
    const isNews = !channel.ending || !isOfEnd;
    if (isNews && !(error instanceof ReplyError)) this.#report(invocation, error);
    return channel.close({ reason: "error", ...invocation.failure });
  }

  /** Sends a shorter error: the data, the caller's own text or a middleware may be why the first could not be sent. */
  #sendShort(invocation: RequestInvocation, failure: Failure, cause: unknown): void {
    this.#report(invocation, cause);
    try {
      this.#plan.sender.sendPast(shortErrorDraft(invocation, failure));
    } catch (error) {
      this.#report(invocation, error);
    }
  }

  #report(invocation: RequestInvocation, cause: unknown): void {
    this.#plan.report(asError(cause), invocation);
  }
}

/** How many refusals a middleware may hold at a time; the bytes are those of the refused messages. */
const MOST_REFUSALS: Bounds = { messages: 256, bytes: 1_048_576 };

/** Replies that a middleware has not passed on yet. */
class HeldReplies {
  readonly #sent = new Map<RequestInvocation, Promise<void>>();
  #refusals = 0;
  #bytes = 0;

  /** The invocations of these replies. */
  get invocations(): readonly RequestInvocation[] {
    return [...this.#sent.keys()];
  }

  /** Resolves once the invocation's reply has left; `undefined` if no middleware holds it. */
  of(invocation: RequestInvocation): Promise<void> | undefined {
    return this.#sent.get(invocation);
  }

  /** Whether a middleware may hold one more refusal. Nothing else limits them, as a refused message takes no place. */
  get hasRoom(): boolean {
    return this.#refusals < MOST_REFUSALS.messages && this.#bytes < MOST_REFUSALS.bytes;
  }

  /** Notes that a middleware holds the reply until `sent` settles. */
  add(invocation: RequestInvocation, sent: PromiseLike<unknown>): Promise<void> {
    if (invocation.isRefused) this.#count(invocation, 1);
    const held = Promise.resolve(sent).then(() => {}).finally(() => {
      this.#sent.delete(invocation);
      if (invocation.isRefused) this.#count(invocation, -1);
    });
    this.#sent.set(invocation, held);
    return held;
  }

  #count({ size, message }: RequestInvocation, change: 1 | -1): void {
    this.#refusals += change;
    this.#bytes += change * size;
    // copy it, as the count excludes other messages in the same chunk
    if (change > 0) message.detach();
  }
}

/** Whether the single reply is the whole requested stream. An empty reply is not: mere listeners send it. */
function isWholeStream(invocation: RequestInvocation, value: unknown): boolean {
  return value !== undefined && isOpening(invocation);
}

function isOpening({ message: { headers } }: RequestInvocation): boolean {
  return headers.has(LINK);
}

function draftOf(
  { correlationId }: RequestInvocation,
  kind: "publish" | "reply",
  subject: string,
  value: unknown,
): Draft {
  if (!(value instanceof Reply)) return { kind, subject, body: value, correlationId };
  return { ...value.options, kind, subject, body: value.body, correlationId };
}

function errorDraft(
  { correlationId, replyTo: subject }: RequestInvocation,
  { code, description, data }: Failure,
): Draft {
  return { kind: "reply", subject, ...errorReply(code, description, data), correlationId };
}

/** The shortest error, which can always be sent. */
function shortErrorDraft(invocation: RequestInvocation, { code, description }: Failure): Draft {
  return errorDraft(invocation, { code, description: description.slice(0, SHORT_TEXT) });
}
