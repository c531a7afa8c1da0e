import { DecodeError, ReplyError, ValidationError } from "../errors.ts";
import { accept, termsIn } from "../link/ends/opening.ts";
import { linkSettings, type SessionOptions } from "../link/link_options.ts";
import { LinkSession } from "../link/ends/link_session.ts";
import type { SessionHandler } from "../link/session.ts";
import type { HandshakeTerms } from "../link/frames/control_frames.ts";
import { ERROR_CODES } from "../message/reply.ts";
import type { Message } from "../message/message.ts";
import { RateLimiter } from "../pacing.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import type { Handler } from "./subscriber.ts";

/** The errors of invalid messages from the other side. */
interface Theirs {
  errors: WeakSet<Error> | undefined;
}

/** Makes a handler of openings from a handler of sessions; it runs as long as the session. */
export function sessionHandler(
  pattern: string,
  options: SessionOptions,
  handler: SessionHandler,
): Handler {
  const settings = linkSettings(`serve sessions on "${pattern}"`, options);
  const { schema, sendSchema, headers, maxSessions = 1_000, openingRate = Infinity } = options;
  const rate = RateLimiter.perSecond(openingRate);
  let count = 0;
  let isTold = false;
  const open = (message: Message, exchange: Exchange, theirs: Theirs): LinkSession => {
    const terms = admittedTerms(message, exchange, rate);
    const { correlationId, replyTo, message: { subject } } = exchange;
    const unfit = (error: Error) => void (theirs.errors ??= new WeakSet()).add(error);
    const purpose = { subject, correlationId, schema, unfit };
    const endpoint = accept(exchange.ways, replyTo, terms, { purpose, settings, headers });
    exchange.lead(endpoint);
    const selfWait = () => {
      if (isTold) return;
      isTold = true;
      const error = new Error(selfWaitOf(pattern));
      exchange.ways.feed.emit({ type: "error", error, subject, pattern, correlationId });
    };
    return new LinkSession(endpoint, message, sendSchema, exchange.ways, selfWait);
  };
  return async (message) => {
    const exchange = exchangeOf(message)!;
    exchange.servesLinks = true;
    if (count >= maxSessions) throw new ReplyError(ERROR_CODES.tooMany, "Too many sessions");
    count++;
    try {
      const theirs: Theirs = { errors: undefined };
      const session = open(message, exchange, theirs);
      await serve(session, handler, theirs);
      await session.close();
    } finally {
      count--;
    }
  };
}

/** The terms of an opening that may come in now. */
function admittedTerms(
  message: Message,
  exchange: Exchange,
  rate: RateLimiter | undefined,
): HandshakeTerms {
  const terms = termsIn(message);
  if (terms?.kind !== "session" || !exchange.isOpen) {
    throw new ReplyError(ERROR_CODES.badRequest, "Only sessions are served here");
  }
  const retryAfter = rate?.take("", exchange.clock.now()) ?? 0;
  if (retryAfter <= 0) return terms;
  throw new ReplyError(ERROR_CODES.tooMany, "Too many openings", { retryAfter });
}

function selfWaitOf(pattern: string): string {
  return `A handler of sessions on "${pattern}" waits for session.closed after the other side has said all: the session is ` +
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
