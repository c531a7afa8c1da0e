import { deadFilter } from "../dead/dead_letter.ts";
import type { Declare } from "../stream/declare_stream.ts";
import { privateFilter } from "../stream/own_subjects.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { consumerNeeds, type DeclaredConsumer } from "./declare_consumer.ts";
import { declaredConsumers } from "./declared_consumers.ts";
import { queueOf } from "./partitions/filter.ts";
import { partitionSettings } from "./partitions/queue.ts";

/** The subjects that a consumer publishes to, as narrow as permissions can express them. */
export function consumerNeedsOf(
  settings: ConsumerSettings,
  declare: Declare,
  domain: string | undefined,
  hasOwn: boolean,
): string[] {
  const { partitions, stream, name, deadLetter } = settings;
  if (!partitions) return permissionsOf(settings, declare, domain, hasOwn);
  const all = partitionSettings(settings).flatMap((each) =>
    permissionsOf(each, declare, domain, false)
  );
  const prefix = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
  const given = deadLetter === undefined ? [] : [`${queueOf(stream, name)}.*.again.*`];
  const asked = declare === "leave" ? [] : [`${prefix}.CONSUMER.INFO.${stream}.${name}`];
  return [...new Set([...streamNeeds(prefix, stream, declare), ...asked, ...all, ...given])];
}

function permissionsOf(
  settings: ConsumerSettings,
  declare: Declare,
  domain: string | undefined,
  hasOwn: boolean,
): string[] {
  const prefix = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
  const { main, replays, own } = declaredConsumers(settings, hasOwn);
  const { stream, name } = settings;
  const isMade = !settings.partition && (declare === "create" || declare === "update");
  const needs = [
    ...streamNeeds(prefix, main.stream, declare),
    // to see that no consumer of the name has partitions
    ...isMade ? [`${prefix}.STREAM.INFO.${queueOf(stream, name)}`] : [],
    ...workNeeds(prefix, main, declare),
    ...unpinNeeds(prefix, main, settings),
    ...own ? [privateFilter(stream, name), ...workNeeds(prefix, own, declare)] : [],
  ];
  if (!replays) return needs;
  const letters = deadFilter(replays.stream, stream, name);
  const deadDeclare = declare === "update" ? "create" : declare;
  return [
    ...needs,
    letters,
    ...streamNeeds(prefix, replays.stream, deadDeclare),
    ...workNeeds(prefix, replays, declare),
    ...unpinNeeds(prefix, replays, settings),
  ];
}

/** The permission to hand the messages over to another process of the group. */
function unpinNeeds(
  prefix: string,
  { stream, config: { name } }: DeclaredConsumer,
  { group }: ConsumerSettings,
): string[] {
  return group?.kind === "pinned" ? [`${prefix}.CONSUMER.UNPIN.${stream}.${name}`] : [];
}

function streamNeeds(prefix: string, stream: string, declare: Declare): string[] {
  const verbs = {
    leave: [],
    verify: ["INFO"],
    create: ["INFO", "CREATE"],
    update: ["INFO", "CREATE", "UPDATE"],
  };
  return verbs[declare].map((verb) => `${prefix}.STREAM.${verb}.${stream}`);
}

function workNeeds(prefix: string, consumer: DeclaredConsumer, declare: Declare): string[] {
  const { stream, config: { name } } = consumer;
  return [
    ...consumerNeeds(prefix, consumer, declare),
    `${prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.ACK.${stream}.${name}.>`,
  ];
}
