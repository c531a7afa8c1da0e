import { encodeFields, newToken } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { Publication } from "./publication.ts";
import { Publications } from "./publications.ts";

/** "wrong last msg ID", "wrong last sequence" in two forms, and "batch contains duplicate message id". */
const CONFLICTS: ReadonlySet<number> = new Set([10070, 10071, 10164, 10201]);
/** "wrong last msg ID": the server looks for duplicates before it looks at this. */
const WRONG_LAST_ID = 10070;
const NO_BYTES = new Uint8Array();

/**
 * Where a message may be stored although no answer came, a conflict may be one with itself. So it asks whether the stream
 * has the id, by a message of that id which can never be stored, as it expects a last message that is not there.
 */
export function recovered(
  api: JetStreamApi,
  { settings: { subject, id }, deadline }: Publication,
  error: Error,
): Promise<PubAck> | undefined {
  const isConflict = error instanceof JetStreamError && CONFLICTS.has(error.errCode);
  if (!isConflict || id === undefined) return undefined;
  const headerBlock = encodeFields([
    ["Nats-Msg-Id", id],
    ["Nats-Expected-Last-Msg-Id", newToken()],
  ]);
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
      const isNotThere = asked instanceof JetStreamError && asked.errCode === WRONG_LAST_ID;
      throw isNotThere ? error : asked;
    });
}
