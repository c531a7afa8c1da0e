import { DecodeError, ReplyError, ValidationError } from "../errors.ts";
import { accept, termsIn } from "../link/ends/opening.ts";
import type { LinkSettings, SessionOptions } from "../link/link_options.ts";
import { LinkSession } from "../link/ends/link_session.ts";
import type { SessionHandler } from "../link/session.ts";
import type { HandshakeTerms } from "../link/frames/control_frames.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { RateLimiter } from "../pacing.ts";
import type { RequestInvocation } from "./request_invocation.ts";

/** The errors of invalid messages from the other side. */
interface Theirs {
  errors: WeakSet<Error> | undefined;
}

/** What a handler of sessions is registered with. */
export interface SessionPlan {
  readonly pattern: string;
  readonly settings: LinkSettings;
  readonly options: SessionOptions;
  readonly handler: SessionHandler;
}

/** Opens sessions for a handler, which runs as long as the session. */
export class SessionServer {
  readonly #plan: SessionPlan;
  readonly #rate: RateLimiter | undefined;
  #count = 0;
  #hasReportedSelfWait = false;

  constructor(plan: SessionPlan) {
    this.#plan = plan;
    this.#rate = RateLimiter.perSecond(plan.options.openingRate ?? Infinity);
  }

  async serve(invocation: RequestInvocation): Promise<void> {
    const { handler, options: { maxSessions = 1_000 } } = this.#plan;
    invocation.servesLinks = true;
    if (this.#count >= maxSessions) {
      throw new ReplyError(ERROR_CODES.tooMany, "Too many sessions");
    }
    this.#count++;
    try {
      const theirs: Theirs = { errors: undefined };
      const session = this.#open(invocation, theirs);
      await serve(session, handler, theirs);
      await session.close();
    } finally {
      this.#count--;
    }
  }

  #open(invocation: RequestInvocation, theirs: Theirs): LinkSession {
    const { settings, options: { schema, sendSchema, headers } } = this.#plan;
    const { message, correlationId, pattern, replyTo, context } = invocation;
    const { subject } = message;
    const terms = admittedTerms(invocation, this.#rate);
    const unfit = (error: Error) => void (theirs.errors ??= new WeakSet()).add(error);
    const purpose = { subject, pattern, correlationId, schema, unfit };
    const channel = accept(context, replyTo, terms, { purpose, settings, headers });
    invocation.upgrade(channel);
    const selfWait = () => this.#reportSelfWait(invocation);
    return new LinkSession(channel, message, sendSchema, context, selfWait);
  }

  #reportSelfWait({ subject, correlationId, context: { feed } }: RequestInvocation): void {
    if (this.#hasReportedSelfWait) return;
    this.#hasReportedSelfWait = true;
    const { pattern } = this.#plan;
    feed.emit({
      type: "error",
      error: new Error(selfWaitOf(pattern)),
      subject,
      pattern,
      correlationId,
    });
  }
}

/** The terms of an opening that may come in now. */
function admittedTerms(
  invocation: RequestInvocation,
  rate: RateLimiter | undefined,
): HandshakeTerms {
  const terms = termsIn(invocation.message);
  if (terms?.kind !== "session" || !invocation.isOpen) {
    throw new ReplyError(ERROR_CODES.badRequest, "Only sessions are served here");
  }
  const retryAfter = rate?.take("", invocation.clock.now()) ?? 0;
  if (retryAfter <= 0) return terms;
  throw new ReplyError(ERROR_CODES.tooMany, "Too many openings", { retryAfter });
}

function selfWaitOf(pattern: string): string {
  return `A handler of sessions on "${pattern}" waits for session.closed after the other side has called end(): the session is ` +
    `open until the handler returns or calls session.end(). Return once session.next() gives undefined`;
}

/**
 * Runs the handler of a session. An invalid message is the fault of the other side, unless the handler catches the
 * error. `theirs` holds the errors of such messages, to distinguish them from errors of the handler's own requests.
 */
async function serve(
  session: LinkSession,
  handler: SessionHandler,
  theirs: Theirs,
): Promise<void> {
  try {
    await handler(session);
  } catch (cause) {
    if (!(cause instanceof ValidationError || cause instanceof DecodeError)) throw cause;
    if (!theirs.errors?.has(cause)) throw cause;
    const data = cause instanceof ValidationError ? { issues: cause.issues } : undefined;
    throw new ReplyError(ERROR_CODES.badRequest, cause.message, data, { cause });
  }
}
