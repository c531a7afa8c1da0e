import { encodeFields } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError, UnknownOutcomeError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { isSince } from "../api/version.ts";
import type { Publication } from "./publication.ts";
import { Publications } from "./publications.ts";

const NO_BYTES = new Uint8Array();

/** A header with which no message is ever stored, and the number of the error. */
interface Impossible {
  readonly field: readonly [name: string, value: string];
  readonly errCode: number;
}

/** A rollup that does not exist. An older server does not answer to it. */
const WRONG_ROLLUP: Impossible = { field: ["Nats-Rollup", "none"], errCode: 10111 };
/** A sequence that no stream reaches. A later server looks at it before it looks for duplicates. */
const WRONG_SEQUENCE: Impossible = {
  field: ["Nats-Expected-Last-Sequence", `${2n ** 64n - 2n}`],
  errCode: 10071,
};

/**
 * Where a message may be stored although no answer came, a refusal of its repetition says little: a conflict may be one
 * with itself, and a stream may be full by now. So it asks whether the stream has the id, by a message of that id which
 * can never be stored, for a reason that the server sees after it has looked for duplicates. (A wrong last id is no such
 * reason: nats-server 2.15 stops each replica of the stream for it.)
 */
export function recovered(
  api: JetStreamApi,
  { settings: { subject, id }, deadline }: Publication,
  error: Error,
): Promise<PubAck> | undefined {
  if (id === undefined) return undefined;
  const { field, errCode } = isSince(api.access.serverVersion(), "2.12")
    ? WRONG_ROLLUP
    : WRONG_SEQUENCE;
  const headerBlock = encodeFields([["Nats-Msg-Id", id], field]);
  const parts = { subject, data: NO_BYTES, headerBlock };
  const timeout = Math.max(1, deadline - api.access.clock.now());
  return Publications.of(api).publish({
    subject,
    parts,
    id,
    timeout,
    signal: undefined,
  })
    .catch((asked) => {
      const isNotThere = asked instanceof JetStreamError && asked.errCode === errCode;
      if (isNotThere) throw error;
      const rule = "the stream must say whether it has the message";
      throw new UnknownOutcomeError(`publish to "${subject}"`, subject, rule, { id, cause: error });
    });
}
