import { type ConsumerConfig, CREATE_REQUEST, type CreateRequest } from "../consumer/config.ts";
import { isGroupName } from "../consumer/config_check.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { pauseOf } from "../consumer/info.ts";
import { withLevel } from "../consumer/metadata.ts";
import { consumerOf, consumersOf, createConsumer, updateConsumer } from "../consumers.ts";
import type { Context } from "../context.ts";
import { hasPathSeparators } from "../names.ts";
import type { Streams } from "../streams.ts";
import { inUtc, NEVER } from "../time.ts";
import { type Call, type Endpoint, expectNothing, read, readIfAny } from "./call.ts";
import { ApiError } from "./errors.ts";
import { type Fields, INT, SHOWN_TIME, STRING } from "./go_json.ts";
import { MAX_LISTED, MAX_NAMES, page } from "./page.ts";

const LIST: Fields = { offset: INT };
const PAUSE: Fields = { pause_until: SHOWN_TIME };
const UNPIN: Fields = { group: STRING };

/** How a request's subject names the consumer. */
type Form = "ephemeral" | "durable" | "named";

/** The endpoints for consumers. */
export function consumerEndpoints(streams: Streams, context: Context): Endpoint[] {
  const creating = (subject: string, form: Form): Endpoint => ({
    subject: `CONSUMER.${subject}`,
    type: "consumer_create_response",
    answer: (call) => create(streams, context, call, form).info(),
  });
  return [
    creating("CREATE.*", "ephemeral"),
    creating("CREATE.*.>", "named"),
    creating("DURABLE.CREATE.*.*", "durable"),
    ...listingEndpoints(streams),
    ...endpointsOfOne(streams, context),
  ];
}

function listingEndpoints(streams: Streams): Endpoint[] {
  return [
    {
      subject: "CONSUMER.NAMES.*",
      type: "consumer_names_response",
      empty: { total: 0, offset: 0, limit: 0, consumers: [] },
      answer: (call) => {
        const { items, ...paged } = listed(streams, call, MAX_NAMES);
        return { ...paged, consumers: items.map(({ name }) => name) };
      },
    },
    {
      subject: "CONSUMER.LIST.*",
      type: "consumer_list_response",
      empty: { total: 0, offset: 0, limit: 0, consumers: [] },
      answer: (call) => {
        const { items, ...paged } = listed(streams, call, MAX_LISTED);
        return { ...paged, consumers: items.map((consumer) => consumer.info(true)) };
      },
    },
  ];
}

function endpointsOfOne(streams: Streams, context: Context): Endpoint[] {
  const find = ({ names: [stream, name] }: Call) => consumerOf(streams.get(stream!), name!);
  return [
    {
      subject: "CONSUMER.INFO.*.*",
      type: "consumer_info_response",
      answer: (call) => {
        expectNothing(call);
        return find(call).info();
      },
    },
    {
      subject: "CONSUMER.DELETE.*.*",
      type: "consumer_delete_response",
      answer: (call) => {
        expectNothing(call);
        find(call).delete();
        return { success: true };
      },
    },
    {
      subject: "CONSUMER.PAUSE.*.*",
      type: "consumer_pause_response",
      empty: { paused: false, pause_until: NEVER },
      answer: (call) => pause(context, find, call),
    },
    {
      subject: "CONSUMER.UNPIN.*.*",
      type: "consumer_unpin_response",
      answer: (call) => {
        const group = groupIn(call);
        unpin(find(call), group);
        return {};
      },
    },
  ];
}

function pause(context: Context, find: (call: Call) => Consumer, call: Call): object {
  const said = readIfAny<ConsumerConfig>(call, PAUSE);
  const asked = said.pause_until === undefined ? NEVER : inUtc(said.pause_until);
  const until = asked === NEVER ? undefined : asked;
  const consumer = find(call);
  updateConsumer(context, consumer, withLevel({ ...consumer.config, pause_until: until }));
  const now = context.clock.wallTime();
  return { paused: false, pause_until: asked, ...pauseOf(until, now) };
}

function unpin(consumer: Consumer, group: string): void {
  if (!consumer.config.priority_groups.includes(group)) {
    throw new ApiError("consumerUnknownPriorityGroup");
  }
  consumer.unpin(group);
}

function create(streams: Streams, context: Context, call: Call, form: Form): Consumer {
  const said = read<CreateRequest>(call, CREATE_REQUEST);
  const { config = {} } = said;
  const [stream, rest = ""] = call.names;
  const [inSubject = "", ...filter] = form === "named" ? rest.split(".") : [rest];
  const name = form === "ephemeral" ? config.name ?? "" : inSubject;
  if (said.stream_name !== stream) throw new ApiError("streamMismatch");
  if (hasPathSeparators(name)) throw new ApiError("consumerNameContainsPathSeparators");
  checkDurable(config.durable_name ?? "", name, form);
  checkFilter(config, filter.join("."));
  if ((config.num_replicas ?? 0) > 1) throw new ApiError("streamReplicasNotSupported");
  const consumer = createConsumer(context, streams.get(stream!), {
    ...said,
    config: { ...config, name },
  });
  consumer.announcePause();
  return consumer;
}

function checkDurable(durable: string, name: string, form: Form): void {
  if (form === "ephemeral") {
    if (durable !== "") throw new ApiError("consumerEphemeralWithDurableName");
    return;
  }
  if (form === "durable" && durable === "") throw new ApiError("consumerDurableNameNotSet");
  if (durable !== "" && durable !== name) throw new ApiError("consumerDurableNameMismatch");
}

function checkFilter(config: Partial<ConsumerConfig>, inSubject: string): void {
  if (inSubject === "") return;
  if ((config.filter_subjects ?? []).length > 0) {
    throw new ApiError("consumerMultipleFiltersNotAllowed");
  }
  if (config.filter_subject !== inSubject) throw new ApiError("consumerFilterMismatch");
}

function listed(streams: Streams, call: Call, most: number) {
  const { offset } = readIfAny<{ readonly offset: number }>(call, LIST);
  return page(consumersOf(streams.get(call.names[0]!)), offset, most);
}

function groupIn(call: Call): string {
  if (call.body.length === 0) throw new ApiError("invalidJson", "unexpected end of JSON input");
  const { group = "" } = read<{ readonly group?: string }>(call, UNPIN, true);
  if (group === "") throw new ApiError("invalidJson", "consumer group not specified");
  if (!isGroupName(group)) throw new ApiError("consumerInvalidGroupName");
  return group;
}
