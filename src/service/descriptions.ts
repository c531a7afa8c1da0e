import type { Endpoint } from "./endpoint.ts";
import type { ServiceSettings } from "./service_options.ts";

/** The questions that a service answers. */
export type Verb = "PING" | "INFO" | "STATS";

/** All verbs. */
export const VERBS: readonly Verb[] = ["PING", "INFO", "STATS"];

/** The subjects of a verb: for all services, for the services of this name, and for this instance. */
export function subjectsOf(verb: Verb, name: string, id: string): string[] {
  return ["", `.${name}`, `.${name}.${id}`].map((whom) => `$SRV.${verb}${whom}`);
}

/** The facts that the answers contain. */
export interface Facts {
  readonly settings: ServiceSettings;
  readonly endpoints: readonly Endpoint[];
  /** When the service began to listen, as ISO text in UTC. */
  readonly started: string;
}

/** The answer to a verb, with exactly the fields of ADR-32. */
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

/**
 * An endpoint's statistics; whole numbers, or Go's clients could not read them, and no `last_error` without an error.
 */
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
