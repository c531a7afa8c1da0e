import { PermissionError } from "../../../errors.ts";
import type { ConsumerInfo, StreamInfo } from "../../api/api_types.ts";
import { DifferenceError, NotFoundError } from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import { queueOf } from "./filter.ts";

/** The metadata of the stream that name the number of partitions and the parameters of the key. */
export const CUT = "signalbox-partitions";

const AGAIN = 'another name, with "from" after the last message handled, and delete';

/** The number of partitions and the parameters of the key, in one text. */
export function cutOf({ partitions, options }: ConsumerSettings): string {
  return `${partitions} by ${[options.key].flat().join(".")}`;
}

/**
 * Checks that a consumer with partitions did not exist without them: all messages would be handled again.
 *
 * @throws {DifferenceError} if it did
 */
export async function checkGained(api: JetStreamApi, settings: ConsumerSettings): Promise<void> {
  const { stream, name } = settings;
  const info = await asked<ConsumerInfo>(api, `CONSUMER.INFO.${stream}.${name}`);
  if (!info) return;
  const rule = `"partitions" must be there from the beginning ` +
    `(give the consumer with partitions ${AGAIN} this one)`;
  throw differing(settings, cutOf(settings), undefined, rule);
}

/**
 * Checks that a consumer without partitions, which is about to be made, did not exist with them: all messages would be
 * handled again.
 *
 * @throws {DifferenceError} if it did
 */
export async function checkLost(api: JetStreamApi, settings: ConsumerSettings): Promise<void> {
  const { stream, name, partition } = settings;
  if (partition) return;
  const queue = queueOf(stream, name);
  const info = await asked<StreamInfo>(api, `STREAM.INFO.${queue}`);
  const found = info?.config.metadata?.[CUT];
  if (found === undefined) return;
  const rule = `"partitions" must stay ` +
    `(give the consumer without partitions ${AGAIN} the stream "${queue}")`;
  throw differing(settings, undefined, found, rule);
}

/** What the server has; `undefined` if it has nothing, or if this user must not ask. */
async function asked<T extends object>(api: JetStreamApi, subject: string): Promise<T | undefined> {
  try {
    return await api.call<T>(subject);
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof PermissionError) return undefined;
    throw error;
  }
}

function differing(
  { stream, name }: ConsumerSettings,
  declared: string | undefined,
  found: string | undefined,
  rule: string,
): DifferenceError {
  const difference = { field: "partitions", declared, found, changeable: false };
  return new DifferenceError(`consumer "${name}" of "${stream}"`, [difference], rule);
}
