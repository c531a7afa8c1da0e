import { MessageHeaders } from "../../../door/mod.ts";
import { ConflictError } from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";
import { deadHeaders, type DeadLetter } from "../../dead/dead_letter.ts";
import { publishStored } from "../../publish/publish_stored.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import { paramsOf } from "../keys.ts";
import type { Held } from "../stored_delivery.ts";
import { partitionOf, returnSubject } from "./queue.ts";

/** How long to try, in milliseconds; after that, the server delivers the dead letter again. */
const PATIENCE = 10_000;
/** The header that stores the message only if it does not wait there already. */
const ONCE = ["Nats-Expected-Last-Subject-Sequence", "0"] as const;

/** Stores a replayed dead letter in the partition of its key, behind the messages that wait there. */
export async function giveToPartition(
  api: JetStreamApi,
  settings: ConsumerSettings,
  held: Held,
): Promise<void> {
  const { raw: { subject, data, headerBlock }, life = 0, origin } = held;
  const { partitions, options, partition } = settings;
  const params = paramsOf(subject, settings);
  const values = [options.key].flat().map((name) => params[name as string] ?? "");
  const number = partitionOf(values, partitions!);
  const headers = MessageHeaders.parse(headerBlock ?? new Uint8Array());
  const fields = deadHeaders(headers, origin as DeadLetter) as Iterable<readonly [string, string]>;
  try {
    const place = returnSubject({ queue: partition!.queue, number }, life);
    await publishStored(api, place, data, { headers: [...fields, ONCE], timeout: PATIENCE });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
