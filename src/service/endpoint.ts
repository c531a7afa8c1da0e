import type { EndpointStats } from "./endpoint_stats.ts";

/** One subject that a service answers on. */
export interface Endpoint {
  /** Letters, digits, `-` and `_`; two endpoints may have the same. */
  readonly name: string;
  /** What the server was asked for, wildcards included. */
  readonly subject: string;
  /** Empty where every instance gets every message. */
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

/** The dialects that are asked for; the first one that a library knows is taken. */
const DIALECTS = ["draft-2020-12", "draft-07"] as const;
const PARAMETER = /^\{(.*)\}$/;
const UNFIT = /[^A-Za-z0-9_-]/g;

/** A name for the endpoint of a pattern that ADR-32 permits: `"orders-id"` for `"orders.{id}"`. */
export function endpointName(pattern: string): string {
  return pattern.split(".").map(nameOf).join("-");
}

/**
 * What callers must send and will get, as JSON Schemas in text: `schema.request` and `schema.reply`. One that
 * cannot be told, as its library knows no JSON Schema or none for this schema, is left out.
 */
export function schemaMetadata(
  request: unknown,
  reply: unknown,
): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  const question = jsonSchemaOf(request, "input");
  // what travels is what the schema takes, on both ways
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
      // a library throws for a dialect it does not know, and for what JSON Schema cannot say
    }
  }
  return undefined;
}
