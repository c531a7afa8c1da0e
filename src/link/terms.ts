import { fillRandom } from "../clock.ts";
import { MessageHeaders } from "../message/headers.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { LINK } from "../message/signalbox_headers.ts";
import type { LinkSettings } from "./link_options.ts";
import { LONGEST_PACK } from "./pack.ts";
import type { Allowance } from "./rights.ts";

/** What one side tells of itself at the opening. */
export interface Terms {
  readonly kind: "stream" | "session";
  /** The last number that may be sent to it, and the bytes before the last frame, until it says more. */
  readonly frames: number;
  readonly bytes: number;
  /** The largest body it takes, in bytes. */
  readonly body: number;
  /** How many messages it may send to each address of reply, 0 for any number. */
  readonly responses: number;
  /** How many bytes of frames it takes as one message, 0 where each must be a message of its own. */
  readonly several: number;
  /** How often it must be heard from, in milliseconds, as its addresses of reply do not last; 0 where they do. */
  readonly renew: number;
  /**
   * In an opening 1, where this side knows what a secret is for; in an acceptance what frames without an address of reply
   * carry in this link. 0 for none.
   */
  readonly secret: number;
}

/** What an opening says of secrets. */
export const KNOWS_SECRETS = 1;
/** Of 15 digits; fewer possible ones than inboxes, but each guess is a message that is reported. */
const LEAST_SECRET = 100_000_000_000_000;

const VERSION = "1";

export function termsOf(
  kind: Terms["kind"],
  { window, maxMessage, resumeTimeout }: LinkSettings,
  allowance: Allowance | undefined,
): Terms {
  const { messages: frames, bytes } = window;
  const responses = allowance?.max ?? 0;
  // half of the time that an address lasts, and thrice before we would take the other side for gone
  const renew = allowance ? Math.floor(Math.min(allowance.expires / 2, resumeTimeout / 3)) : 0;
  const several = LONGEST_PACK;
  return { kind, frames, bytes, body: maxMessage, responses, several, renew, secret: 0 };
}

/** What nobody guesses who has not seen the acceptance. */
export function newSecret(): number {
  const [random] = fillRandom(new BigUint64Array(1));
  return LEAST_SECRET + Number(random! % BigInt(9 * LEAST_SECRET));
}

/** What an opening or an acceptance says, `undefined` in what is neither. */
export function toldIn({ headerBlock }: RawMessage): string | undefined {
  return headerBlock && MessageHeaders.parse(headerBlock).get(LINK);
}

/** The header's value: the protocol's version, and what is told, as pairs. */
export function encodeTerms({ kind, secret, ...numbers }: Terms): string {
  const told = secret === 0 ? numbers : { ...numbers, secret };
  const pairs = Object.entries(told).map(([name, value]) => `${name}=${value}`);
  return [VERSION, kind, ...pairs].join(" ");
}

/** Reads it; pairs that we do not know, from a later peer, are passed over. `undefined` for another version. */
export function parseTerms(value: string): Terms | undefined {
  const [version, kind, ...pairs] = value.split(" ");
  if (version !== VERSION || (kind !== "stream" && kind !== "session")) return undefined;
  const told = new Map(pairs.map((pair) => pair.split("=") as [string, string | undefined]));
  const number = (name: string) => {
    const text = told.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  };
  const terms = {
    kind,
    frames: number("frames"),
    bytes: number("bytes"),
    body: number("body"),
    responses: number("responses"),
    several: Math.min(number("several") || 0, LONGEST_PACK),
    renew: number("renew") || 0,
    secret: number("secret") || 0,
  } as const;
  const { frames, bytes, body, responses } = terms;
  return [frames, bytes, body, responses].some(Number.isNaN) ? undefined : terms;
}
