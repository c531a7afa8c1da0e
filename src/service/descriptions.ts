import type { Endpoint } from "./endpoint.ts";
import type { ServiceSettings } from "./service_options.ts";

/** What can be asked of a service. */
export type Verb = "PING" | "INFO" | "STATS";

/** All of them. */
export const VERBS: readonly Verb[] = ["PING", "INFO", "STATS"];

/** Where a service is asked: with all others, with those of its name, and alone. */
export function subjectsOf(verb: Verb, name: string, id: string): string[] {
  return ["", `.${name}`, `.${name}.${id}`].map((whom) => `$SRV.${verb}${whom}`);
}

/** Everything that answers are made of. */
export interface Facts {
  readonly settings: ServiceSettings;
  readonly endpoints: readonly Endpoint[];
  /** When the service began to listen, as ISO text in UTC. */
  readonly started: string;
}

/** The answer to a verb, its fields to the letter of ADR-32. */
export function answerTo(verb: Verb, facts: Facts): Readonly<Record<string, unknown>> {
  if (verb === "PING") return identity("ping", facts);
  if (verb === "INFO") {
    const { description } = facts.settings;
    return { ...identity("info", facts), description, endpoints: facts.endpoints.map(infoOf) };
  }
  const { started } = facts;
  return { ...identity("stats", facts), started, endpoints: facts.endpoints.map(statsOf) };
}

function identity(kind: string, { settings }: Facts): Readonly<Record<string, unknown>> {
  const { name, id, version, metadata } = settings;
  return { type: `io.nats.micro.v1.${kind}_response`, name, id, version, metadata };
}

function infoOf({ name, subject, queueGroup, metadata }: Endpoint): Record<string, unknown> {
  return { name, subject, queue_group: queueGroup, metadata };
}

/** Whole numbers, or Go's clients could not read them; no `last_error` where there was none. */
function statsOf({ name, subject, queueGroup, stats }: Endpoint): Record<string, unknown> {
  return {
    name,
    subject,
    queue_group: queueGroup,
    num_requests: stats.requests,
    num_errors: stats.errors,
    last_error: stats.lastError,
    processing_time: stats.processingTime,
    average_processing_time: stats.averageProcessingTime,
  };
}
