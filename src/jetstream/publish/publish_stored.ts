import { asMilliseconds, type Duration } from "../../duration.ts";
import { handled } from "../../promises.ts";
import { encodeFields, type HeaderFields, newToken, pairsOf, utf8 } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { USUAL_WINDOW } from "../api/known_streams.ts";
import { Publications } from "./publications.ts";
import { publishTo } from "./pub_ack.ts";
import { recovered } from "./recovery.ts";

/** How long a publication may take, outages included, in milliseconds. */
export const PUBLISH_TIMEOUT = 5_000;

/** How to publish bytes. */
export interface StoredOptions {
  /** What error messages say that it does, unless that is to publish to the subject. */
  readonly action?: string | undefined;
  /** As they go out; `Nats-*` headers among them, but for the id. */
  readonly headers?: HeaderFields | undefined;
  readonly contentType?: string | undefined;
  /** Under which the stream stores it once, however often it is sent. */
  readonly id?: string | undefined;
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the stream knows an id, in milliseconds, where the caller knows that. */
  readonly window?: number | undefined;
}

/**
 * Publishes bytes; resolves once a stream has stored them. They are sent again under one id, until the timeout, over
 * outages and missing leaders. The bytes must not change until it resolves. The program may leave the promise un-awaited.
 *
 * @throws {RangeError} for a timeout beyond the stream's duplicate window
 * @throws {NoStreamError}
 * @throws {NotStoredError}
 * @throws {UnknownOutcomeError}
 * @throws {JetStreamError} of the class that the answer's number has
 */
export function publishStored(
  api: JetStreamApi,
  subject: string,
  data: Uint8Array,
  options: StoredOptions = {},
): Promise<PubAck> {
  const { id = newToken(), signal, window = USUAL_WINDOW, action } = options;
  try {
    const timeout = timeoutWithin(subject, options.timeout, window);
    const parts = { subject, data, headerBlock: headersOf(id, options) };
    return Publications.of(api).publish({
      subject,
      action,
      parts,
      id,
      isOwnId: options.id === undefined,
      timeout,
      signal,
      recover: (publication, error) => recovered(api, publication, error),
    });
  } catch (error) {
    return handled(Promise.reject(error));
  }
}

/** Encodes the header block of a message that is stored under an id. */
export function headersOf(
  id: string,
  { contentType, headers }: Pick<StoredOptions, "contentType" | "headers">,
): Uint8Array {
  if (headers === undefined && isPlain(id)) {
    const type = contentType === undefined ? "" : `content-type: ${contentType}\r\n`;
    return utf8(`NATS/1.0\r\n${type}Nats-Msg-Id: ${id}\r\n\r\n`);
  }
  const fields: (readonly [string, string])[] = headers ? [...pairsOf(headers)] : [];
  const isTyped = fields.some(([name]) => name.toLowerCase() === "content-type");
  if (contentType !== undefined && !isTyped) fields.unshift(["content-type", contentType]);
  return encodeFields([...fields, ["Nats-Msg-Id", id]])!;
}

/** Whether an id needs no look at each of its characters. */
function isPlain(id: string): boolean {
  return /^[!-~]+$/.test(id);
}

/**
 * How long a message may be sent again, in milliseconds: as long as the stream knows its id. `action` is for error
 * messages; by default it names the publication.
 *
 * @throws {RangeError} for a longer timeout, with both times
 */
export function timeoutWithin(
  subject: string,
  given: Duration | undefined,
  window: number,
  action?: string,
): number {
  const timeout = asMilliseconds(given);
  if (timeout === undefined) return Math.min(PUBLISH_TIMEOUT, window);
  if (timeout <= window) return timeout;
  const rule = "a stream must know the id for as long as it is sent again";
  const found = `a timeout of ${timeout} ms, a duplicate window of ${window} ms`;
  throw new RangeError(`Cannot ${action ?? publishTo(subject)} as ${rule}: ${found}`);
}
