import { notConnected } from "../connection/client_errors.ts";
import { TimeoutError } from "../errors.ts";
import { checkSubject, newToken } from "../subject/subject.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { EncodedMessage } from "../message/outgoing.ts";
import { LINK } from "../message/signalbox_headers.ts";
import { currentWork, timeWithinWork } from "../message/work.ts";
import { Endpoint } from "./endpoint.ts";
import type { OpeningPatience } from "./handshake.ts";
import type { LinkWays } from "./link_ways.ts";
import { LinkError } from "./link_error.ts";
import { linkSettings } from "./link_options.ts";
import { LinkSession } from "./link_session.ts";
import { RequestedStream } from "./requested_stream.ts";
import type { Session } from "./session.ts";
import { checkOpenSession, type OpenSessionOptions } from "./session_options.ts";
import type { ReplyStream } from "./stream.ts";
import { checkRequestStream, type RequestStreamOptions } from "./stream_options.ts";
import { encodeTerms, KNOWS_SECRETS, type Terms, termsOf } from "./terms.ts";

/** What an opening goes over. */
export interface OpeningWays extends LinkWays {
  /** Milliseconds, for an opening that names none. */
  readonly requestTimeout: number;
}

interface Prepared {
  readonly endpoint: Endpoint;
  readonly opening: EncodedMessage | Promise<EncodedMessage>;
  readonly patience: OpeningPatience;
  /** When all must be done, by the broker's clock. */
  readonly until: number;
}

/** Asks for a streamed reply; the question is sent before this returns. */
export function requestStream(
  ways: OpeningWays,
  subject: string,
  body: unknown,
  options: RequestStreamOptions,
): ReplyStream {
  checkSubject("request a stream", subject);
  checkRequestStream(options);
  const { endpoint, opening, patience, until } = prepare(ways, "stream", subject, body, options);
  return new RequestedStream(
    endpoint,
    opening,
    options.schema,
    { ...patience, until },
    ways,
  );
}

/** Opens a session, and waits until it is accepted. */
export async function openSession(
  ways: OpeningWays,
  subject: string,
  body: unknown,
  options: OpenSessionOptions,
): Promise<Session> {
  checkSubject("open a session", subject);
  checkOpenSession(options);
  options.signal?.throwIfAborted();
  const { endpoint, opening, patience } = prepare(ways, "session", subject, body, options);
  const { acceptance, plain } = await endpoint.open(opening, patience);
  if (plain) {
    const error = plain.ending?.error ??
      new LinkError("open a session on", subject, "error", "an answer came, and no acceptance");
    endpoint.fail(error);
    throw error;
  }
  const answer = new ReceivedMessage(acceptance, {
    conversation: endpoint.correlationId,
    addresses: ways.addresses,
  });
  if (options.signal) endpoint.endOn(options.signal);
  return new LinkSession(endpoint, answer, options.sendSchema, ways);
}

function prepare(
  ways: OpeningWays,
  kind: Terms["kind"],
  subject: string,
  body: unknown,
  options: RequestStreamOptions,
): Prepared {
  const settings = linkSettings(`open "${subject}"`, options);
  if (!ways.connection.isOpen) throw notConnected(`open "${subject}"`);
  const timeout = timeWithinWork(options.timeout ?? ways.requestTimeout, subject);
  const deadline = timeWithinWork(options.deadline ?? Infinity, subject);
  const correlationId = options.correlationId ?? currentWork()?.correlationId ?? newToken();
  const own = termsOf(kind, settings, ways.allowance);
  const terms = encodeTerms({ ...own, secret: KNOWS_SECRETS });
  const timeLeft = deadline === Infinity ? undefined : Math.ceil(deadline);
  const opening = ways.sender.encodeQuestion(
    subject,
    body,
    { ...options.headers && { headers: options.headers }, correlationId },
    timeLeft,
    [[LINK, terms]],
  );
  const endpoint = new Endpoint(ways, { subject, correlationId, schema: options.schema }, settings);
  // a caller of a stream has nothing to say after the opening, and waits for its answer as for any other
  if (kind === "stream") endpoint.restrict("reading");
  else endpoint.listens(0, currentWork());
  const late = kind === "stream" &&
    new TimeoutError(`request a stream of "${subject}"`, deadline, subject);
  endpoint.endAfter(deadline, late || undefined);
  const until = ways.clock.now() + deadline;
  return { endpoint, opening, patience: { timeout, signal: options.signal }, until };
}
