import type { EndpointStats } from "./endpoint_stats.ts";

/** One subject that a service answers on. */
export interface Endpoint {
  /** Letters, digits, `-` and `_`; two endpoints may have the same. */
  readonly name: string;
  /** The subject of the subscription, including wildcards. */
  readonly subject: string;
  /** Empty if every instance gets every message. */
  readonly queueGroup: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly stats: EndpointStats;
}

/** A Standard JSON Schema (standardschema.dev); many a Standard Schema is one too. */
interface JsonSchemaSource {
  readonly "~standard"?: { readonly jsonSchema?: Readonly<Record<Direction, JsonSchemaWriter>> };
}

type JsonSchemaWriter = (options: { readonly target: string }) => Record<string, unknown>;
type Direction = "input" | "output";

/** The dialects to ask a library for; the first that it supports wins. */
const DIALECTS = ["draft-2020-12", "draft-07"] as const;
const PARAMETER = /^\{(.*)\}$/;
const UNFIT = /[^A-Za-z0-9_-]/g;

/** A valid endpoint name (ADR-32) for a pattern: `"orders-id"` for `"orders.{id}"`. */
export function endpointName(pattern: string): string {
  return pattern.split(".").map(nameOf).join("-");
}

/**
 * The schemas of requests and replies, as JSON Schemas in text: `schema.request` and `schema.reply`. Omits a schema if
 * its library supports no JSON Schema, or has none for this schema.
 */
export function schemaMetadata(
  request: unknown,
  reply: unknown,
): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  const question = jsonSchemaOf(request, "input");
  // the wire carries the schema's input in both directions
  const answer = jsonSchemaOf(reply, "input");
  if (question !== undefined) metadata["schema.request"] = question;
  if (answer !== undefined) metadata["schema.reply"] = answer;
  return Object.freeze(metadata);
}

function nameOf(token: string): string {
  if (token === "*") return "any";
  if (token === ">") return "all";
  return token.replace(PARAMETER, "$1").replace(UNFIT, "_");
}

function jsonSchemaOf(schema: unknown, direction: Direction): string | undefined {
  if (schema === undefined || schema === null) return undefined;
  for (const target of DIALECTS) {
    try {
      const source = (schema as JsonSchemaSource)["~standard"]?.jsonSchema;
      if (!source) return undefined;
      const { $schema: _, ...written } = source[direction]({ target });
      return JSON.stringify(written);
    } catch {
      // a library throws for an unknown dialect, and for a schema that JSON Schema cannot express
    }
  }
  return undefined;
}
