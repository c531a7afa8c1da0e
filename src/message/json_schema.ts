/** A JSON Schema, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A Standard JSON Schema (standardschema.dev); many a Standard Schema is one too. */
interface JsonSchemaSource {
  readonly "~standard"?: { readonly jsonSchema?: { readonly input: JsonSchemaWriter } };
}

type JsonSchemaWriter = (options: { readonly target: string }) => JsonSchema;

/** The dialects to ask a library for; the first that it supports wins. */
const DIALECTS = ["draft-2020-12", "draft-07"] as const;

/**
 * A schema as a JSON Schema; `undefined` if there is no schema, or its library offers none. It describes the schema's
 * input, as the wire carries the input in both directions.
 *
 * @throws what the library throws for a schema that JSON Schema cannot express
 */
export function jsonSchemaOf(schema: unknown): JsonSchema | undefined {
  let failed: unknown;
  for (const target of DIALECTS) {
    try {
      const source = (schema as JsonSchemaSource | undefined | null)?.["~standard"]?.jsonSchema;
      // by way of text, as a library may give what is no JSON, or what it changes later
      return source && JSON.parse(JSON.stringify(source.input({ target })));
    } catch (error) {
      // a library throws for a dialect that it does not know, too
      failed ??= error;
    }
  }
  throw failed;
}
