import { overlap } from "../subject.ts";
import { newId } from "./advisories.ts";
import { ApiError } from "./api/errors.ts";
import { configOf, type ConsumerConfig, type CreateRequest, filtersOf } from "./consumer/config.ts";
import { checkConfig } from "./consumer/config_check.ts";
import { withDefaults } from "./consumer/config_defaults.ts";
import { checkUpdate } from "./consumer/config_update.ts";
import { Consumer } from "./consumer/consumer.ts";
import { withLevel } from "./consumer/metadata.ts";
import { UNSAID_PATIENCE } from "./consumer/pace.ts";
import type { Context } from "./context.ts";
import { MAX_NAME } from "./names.ts";
import { isSameConfig } from "./same_config.ts";
import type { Stream } from "./stream/stream.ts";

/** The default of a stream's `max_consumers`. */
const MAX_CONSUMERS = 1_000;
const EPHEMERAL_NAME = 8;

/** The visible consumers of a stream, ordered by name. */
export function consumersOf({ consumers }: Stream): Consumer[] {
  return consumers.all().filter((one) => one instanceof Consumer)
    .filter(({ isHidden }) => !isHidden)
    .sort(({ name: one }, { name: other }) => one < other ? -1 : 1);
}

/** The consumer of that name; throws an {@linkcode ApiError} if there is none. */
export function consumerOf({ consumers }: Stream, name: string): Consumer {
  const found = consumers.get(name);
  if (!(found instanceof Consumer)) throw new ApiError("consumerNotFound");
  return found;
}

/** Creates a consumer, or updates the one of that name. */
export function createConsumer(
  context: Context,
  stream: Stream,
  { config: said = {}, action = "", pedantic = false }: CreateRequest,
): Consumer {
  const known = stream.consumers.get(said.durable_name || said.name || "");
  const before = known instanceof Consumer ? known : undefined;
  const wanted = withLevel(configOf({
    ...said,
    // a pause outlasts an update that does not mention it
    ...before && { pause_until: before.config.pause_until },
  }));
  const config = withDefaults(wanted, stream.config, pedantic);
  checkConfig(config, stream.config);
  if (before) return change(context, stream, before, config, action);
  if (action === "update") throw new ApiError("consumerDoesNotExist");
  checkRoom(stream, config);
  if (config.durable_name.length > MAX_NAME) throw new ApiError("consumerNameTooLong", MAX_NAME);
  if (context.memory.isExceeded) throw new ApiError("insufficientResources");
  const name = config.durable_name || config.name || newId().slice(0, EPHEMERAL_NAME);
  const consumer = new Consumer(context, stream, name, withPatience(config));
  consumer.begin();
  return consumer;
}

/** Updates a consumer; throws an {@linkcode ApiError} for a change that is not possible. */
export function updateConsumer(context: Context, consumer: Consumer, config: ConsumerConfig): void {
  const before = consumer.config;
  const isBound = before.deliver_subject !== config.deliver_subject &&
    context.client.reaches(before.deliver_subject);
  checkUpdate(before, config, isBound);
  consumer.update(withPatience(config));
}

function change(
  context: Context,
  stream: Stream,
  consumer: Consumer,
  config: ConsumerConfig,
  action: string,
): Consumer {
  if (action === "create" && !isSameConfig(config, consumer.config)) {
    throw new ApiError("consumerAlreadyExists");
  }
  if (stream.config.retention === "workqueue") checkUnique(stream, config, consumer.name);
  updateConsumer(context, consumer, config);
  return consumer;
}

function checkRoom(stream: Stream, config: ConsumerConfig): void {
  const { max_consumers, retention } = stream.config;
  const count = stream.consumers.limited;
  if (count >= (max_consumers > 0 ? max_consumers : MAX_CONSUMERS)) {
    throw new ApiError("maximumConsumersLimit");
  }
  if (retention !== "workqueue" || config.direct || config.sourcing) return;
  if (config.ack_policy !== "explicit" && config.ack_policy !== "flow_control") {
    throw new ApiError("consumerWorkQueueRequiresExplicitAck");
  }
  if (config.deliver_policy !== "all") throw new ApiError("consumerWorkQueueNotDeliverAll");
  if (count === 0) return;
  if (filtersOf(config).length === 0) throw new ApiError("consumerWorkQueueMultipleUnfiltered");
  checkUnique(stream, config, config.durable_name || config.name);
}

/** Throws an {@linkcode ApiError} if another consumer of a work queue would deliver the same messages. */
function checkUnique(stream: Stream, config: ConsumerConfig, name: string): void {
  for (const filter of filtersOf(config)) {
    for (const other of consumersOf(stream)) {
      if (other.name === name || !other.isLimited) continue;
      const { subjects } = other;
      if (subjects.length === 0 || subjects.some((taken) => overlap(filter, taken))) {
        throw new ApiError("consumerWorkQueueNotUnique");
      }
    }
  }
}

/** Fills in the default `inactive_threshold` of a consumer without a durable name. */
function withPatience(config: ConsumerConfig): ConsumerConfig {
  const isEphemeral = config.durable_name === "" && config.inactive_threshold <= 0;
  return isEphemeral ? { ...config, inactive_threshold: UNSAID_PATIENCE } : config;
}
