import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import type { HeaderFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { LINK } from "../message/signalbox_headers.ts";
import { Endpoint } from "./endpoint.ts";
import type { LinkWays } from "./link_ways.ts";
import { LINK_COST } from "./link_holding.ts";
import type { LinkSettings } from "./link_options.ts";
import type { Purpose } from "./reader.ts";
import { newSecret, parseTerms, type Terms, termsOf } from "./terms.ts";

/** What is said to it has an address of ours as well, and both must fit the server's control line. */
const LONGEST_ADDRESS = 1_024;

/** How an opening is answered. */
export interface Acceptance {
  readonly purpose: Purpose;
  readonly settings: LinkSettings;
  readonly headers?: HeaderFields | undefined;
}

/**
 * What an opening tells of its sender; `undefined` for a request that is none.
 *
 * @throws {ReplyError} with 400, if it is of another version
 */
export function termsIn({ headers }: Pick<Message, "headers">): Terms | undefined {
  const told = headers.get(LINK);
  if (told === undefined) return undefined;
  const terms = parseTerms(told);
  if (terms) return terms;
  throw new ReplyError(
    ERROR_CODES.badRequest,
    "This version of streams and sessions is not spoken here",
  );
}

/**
 * Accepts an opening, which has its places.
 *
 * @throws {ReplyError} with 429, if too much is held; with 400, if addresses of reply are too long, or do not arrive as
 * they are sent
 */
export function accept(
  ways: LinkWays,
  replyTo: string,
  terms: Terms,
  { purpose, settings, headers }: Acceptance,
): Endpoint {
  if (replyTo.length > LONGEST_ADDRESS) {
    const description = `An opening's address of reply has ${LONGEST_ADDRESS} characters at most`;
    throw new ReplyError(ERROR_CODES.badRequest, description);
  }
  if (terms.responses > 0 && ways.allowance) {
    // frames go to a limited side without an address of reply, and so where only the other may publish
    const description = "One of the two sides must be permitted to publish to the other's inboxes";
    throw new ReplyError(ERROR_CODES.badRequest, description);
  }
  if (!ways.links.held.makeRoom(LINK_COST)) {
    throw new ReplyError(ERROR_CODES.tooMany, "Streams and sessions hold too much");
  }
  const endpoint = new Endpoint(ways, purpose, settings);
  // whoever asks for a stream has nothing to say after the opening
  if (terms.kind === "stream") endpoint.restrict("sending");
  // one side is written to without an address of reply, which would tell who writes
  const hasSecret = terms.secret > 0 && (terms.responses > 0 || ways.allowance !== undefined);
  const secret = hasSecret ? newSecret() : 0;
  const own = { ...termsOf(terms.kind, settings, ways.allowance), secret };
  if (endpoint.accept(replyTo, terms, own, headers)) return endpoint;
  const description = "Addresses of reply must arrive as they were sent";
  endpoint.ended({ reason: "gap" });
  throw new ReplyError(ERROR_CODES.badRequest, description);
}
