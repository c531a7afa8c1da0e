import { asMilliseconds } from "../../duration.ts";
import { ReplyError, TimeoutError } from "../../errors.ts";
import type { HeaderFields } from "../../message/headers.ts";
import { type Message, ReceivedMessage } from "../../message/message.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import type { Schema } from "../../message/schema.ts";
import { ERROR_CODES } from "../../message/reply.ts";
import { LINK } from "../../message/signalbox_headers.ts";
import { correlationIdFor, currentWork, timeWithinWork } from "../../message/work.ts";
import {
  encodeTerms,
  type HandshakeTerms,
  KNOWS_SECRETS,
  newSecret,
  parseTerms,
  termsOf,
} from "../frames/control_frames.ts";
import { LinkError } from "../link_error.ts";
import type {
  LinkSettings,
  OpeningOptions,
  OpenSessionOptions,
  RequestStreamOptions,
} from "../link_options.ts";
import type { Session } from "../session.ts";
import { Channel } from "./channel.ts";
import type { OpeningPatience } from "./handshake.ts";
import type { LinkContext } from "./link_context.ts";
import { LinkSession } from "./link_session.ts";
import { LINK_COST } from "./link_memory.ts";
import { RequestedStream } from "./requested_stream.ts";
import type { Purpose } from "./session_reader.ts";

/** A stream or session to open, with checked options. */
export interface Asked<Options> {
  readonly subject: string;
  readonly body: unknown;
  readonly options: Options;
  readonly settings: LinkSettings;
}

interface Prepared {
  readonly channel: Channel;
  readonly opening: EncodedMessage | Promise<EncodedMessage>;
  readonly patience: OpeningPatience;
  /** When all must be done, by the broker's clock. */
  readonly until: number;
}

/** Asks for a streamed reply; the question is sent before this returns. */
export function requestStream(
  context: LinkContext,
  asked: Asked<RequestStreamOptions>,
): RequestedStream {
  const { schema, sendSchema } = asked.options;
  const { channel, opening, patience, until } = prepare(context, "stream", asked, sendSchema);
  return new RequestedStream(channel, opening, schema, { ...patience, until }, context);
}

/** Opens a session, and waits until it is accepted. */
export async function openSession(
  context: LinkContext,
  asked: Asked<OpenSessionOptions>,
): Promise<Session> {
  const { subject, options } = asked;
  const { channel, opening, patience } = prepare(context, "session", asked, options.openingSchema);
  const { acceptance, plain } = await channel.open(opening, patience);
  if (plain) {
    const error = plain.ending?.error ??
      new LinkError("open a session on", subject, "error", "an answer came, and no acceptance");
    channel.fail(error);
    throw error;
  }
  const answer = new ReceivedMessage(acceptance, {
    conversation: channel.correlationId,
    ...context.addresses.reception,
  });
  if (options.signal) channel.cancelOn(options.signal);
  return new LinkSession(channel, answer, options.sendSchema, context);
}

function prepare(
  context: LinkContext,
  kind: HandshakeTerms["kind"],
  { subject, body, options, settings }: Asked<OpeningOptions>,
  sendSchema: Schema | undefined,
): Prepared {
  const timeout = timeWithinWork(
    asMilliseconds(options.timeout ?? context.requestTimeout),
    subject,
  );
  const deadline = timeWithinWork(asMilliseconds(options.deadline ?? Infinity), subject);
  const correlationId = correlationIdFor(options.correlationId, context.sender.makeCorrelationId);
  const own = termsOf(kind, settings, context.responseLimit);
  const terms = encodeTerms({ ...own, secret: KNOWS_SECRETS });
  const timeLeft = deadline === Infinity ? undefined : Math.ceil(deadline);
  const opening = context.sender.encodeQuestion(
    subject,
    body,
    {
      ...options.headers && { headers: options.headers },
      ...sendSchema && { sendSchema },
      correlationId,
    },
    timeLeft,
    [[LINK, terms]],
  );
  // the caller of a stream sends nothing after the opening
  const only = kind === "stream" ? "reading" : undefined;
  const purpose = { subject, correlationId, schema: options.schema, only } as const;
  const channel = new Channel(context, purpose, settings);
  if (kind === "session") channel.allowShutdown(0, currentWork());
  const late = kind === "stream" &&
    new TimeoutError(`request a stream of "${subject}"`, deadline, subject);
  channel.expireAfter(deadline, late || undefined);
  const until = context.clock.now() + deadline;
  return { channel, opening, patience: { timeout, signal: options.signal }, until };
}

/** A frame has two addresses, and both must fit the server's control line. */
const LONGEST_ADDRESS = 1_024;

/** How an opening is answered. */
export interface Acceptance {
  readonly purpose: Purpose;
  readonly settings: LinkSettings;
  readonly headers?: HeaderFields | undefined;
}

/**
 * The terms in an opening; `undefined` for any other request.
 *
 * @throws {ReplyError} with 400, if it is of another version
 */
export function termsIn({ headers }: Pick<Message, "headers">): HandshakeTerms | undefined {
  const told = headers.get(LINK);
  if (told === undefined) return undefined;
  const terms = parseTerms(told);
  if (terms) return terms;
  throw new ReplyError(
    ERROR_CODES.badRequest,
    "This version of streams and sessions is not supported",
  );
}

/**
 * Accepts an opening that has its places.
 *
 * @throws {ReplyError} with 429, if too much is held; with 400, if reply addresses are too long, or do not arrive as
 * they are sent
 */
export function accept(
  context: LinkContext,
  replyTo: string,
  terms: HandshakeTerms,
  { purpose, settings, headers }: Acceptance,
): Channel {
  if (replyTo.length > LONGEST_ADDRESS) {
    const description = `An opening's reply address has ${LONGEST_ADDRESS} characters at most`;
    throw new ReplyError(ERROR_CODES.badRequest, description);
  }
  if (terms.responses > 0 && context.responseLimit) {
    // frames go to a limited side without a reply address, and so where only the other may publish
    const description = "One of the two sides must be permitted to publish to the other's inboxes";
    throw new ReplyError(ERROR_CODES.badRequest, description);
  }
  if (!context.links.memory.makeRoom(LINK_COST)) {
    throw new ReplyError(ERROR_CODES.tooMany, "Streams and sessions hold too much");
  }
  // the caller of a stream sends nothing after the opening
  const only = terms.kind === "stream" ? "sending" : undefined;
  const channel = new Channel(context, { ...purpose, only }, settings);
  // bare frames have no reply address to show who sent them
  const hasSecret = terms.secret > 0 &&
    (terms.responses > 0 || context.responseLimit !== undefined);
  const secret = hasSecret ? newSecret() : 0;
  const own = { ...termsOf(terms.kind, settings, context.responseLimit), secret };
  if (channel.handshake.accept(replyTo, terms, own, headers)) return channel;
  const description = "Reply addresses must arrive as they were sent";
  channel.ended({ reason: "gap" });
  throw new ReplyError(ERROR_CODES.badRequest, description);
}
