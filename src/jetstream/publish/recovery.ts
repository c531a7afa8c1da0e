import { encodeFields } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError, UnknownOutcomeError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { isSince } from "../api/version.ts";
import { publishTo } from "./pub_ack.ts";
import type { Publication } from "./publication.ts";
import { Publications } from "./publications.ts";

const NO_BYTES = new Uint8Array();

/** A header with which a message is never stored, and the error code of its rejection. */
interface Impossible {
  readonly field: readonly [name: string, value: string];
  readonly errCode: number;
}

/** A rollup that does not exist. Older servers do not respond to it. */
const WRONG_ROLLUP: Impossible = { field: ["Nats-Rollup", "none"], errCode: 10111 };
/** A sequence that no stream reaches. Newer servers check it before they check for duplicates. */
const WRONG_SEQUENCE: Impossible = {
  field: ["Nats-Expected-Last-Sequence", `${2n ** 64n - 2n}`],
  errCode: 10071,
};

/**
 * Asks the stream whether it has stored a message. After a missing response, the rejection of a retry proves little: a
 * conflict may be one with the message itself, or the stream may have become full in the meantime.
 */
export function recovered(
  api: JetStreamApi,
  { settings: { subject, action, id }, deadline }: Publication,
  error: Error,
): Promise<PubAck> | undefined {
  if (id === undefined) return undefined;
  const timeout = Math.max(1, deadline - api.access.clock.now());
  return askStored(api, { subject, action, id, timeout, cause: error }).then((ack) => {
    if (ack) return ack;
    throw error;
  });
}

/** The message to ask about; `timeout` is in milliseconds. */
export interface AskedMessage {
  readonly subject: string;
  /** The action for error messages, unless it is the publication of the message. */
  readonly action?: string | undefined;
  readonly id: string;
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** The error that made the outcome unknown. */
  readonly cause?: Error;
}

/**
 * Asks where the stream has stored a message; `undefined` if it has not. This publishes a message of the same id that can
 * never be stored, for a reason that the server checks after duplicates. (Do not use a wrong expected last id for this: it
 * makes nats-server 2.15 stop each replica of the stream.)
 *
 * @throws {UnknownOutcomeError} if the stream does not answer
 */
export async function askStored(
  api: JetStreamApi,
  { subject, action = publishTo(subject), id, timeout, signal, cause }: AskedMessage,
): Promise<PubAck | undefined> {
  const { field, errCode } = isSince(api.access.serverVersion(), "2.12")
    ? WRONG_ROLLUP
    : WRONG_SEQUENCE;
  const headerBlock = encodeFields([["Nats-Msg-Id", id], field]);
  const parts = { subject, data: NO_BYTES, headerBlock };
  try {
    return await Publications.of(api).publish({ subject, parts, id, timeout, signal });
  } catch (asked) {
    if (asked instanceof JetStreamError && asked.errCode === errCode) return undefined;
    const rule = "the stream must say whether it has the message";
    throw new UnknownOutcomeError(action, subject, rule, {
      id,
      cause: cause ?? asked,
    });
  }
}
