/** The names of a pattern's parameters: `"orders.{id}.{part}"` gives `"id" | "part"`. */
export type ParamNames<Pattern extends string> = Pattern extends `${infer Token}.${infer Rest}`
  ? ParamNames<Token> | ParamNames<Rest>
  : Pattern extends `{${infer Name}}` ? Name
  : never;

/**
 * The parameters of a pattern, by name: `Params<"orders.{id}">` is `{ readonly id: string }`. A pattern that is known
 * only at run time has any names.
 *
 * @example
 * ```ts
 * const params: Params<"orders.{id}.lines.{line}"> = { id: "7", line: "1" };
 * ```
 */
export type Params<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Pattern>]: string };
