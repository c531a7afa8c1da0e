/** The name in one token: `"{id}"` gives `"id"`, any other token nothing. */
type NameIn<Token extends string> = Token extends `{${infer Name}}` ? Name : never;

/** The names in a pattern: `"orders.{id}.{part}"` gives `"id" | "part"`. */
type NamesIn<Pattern extends string> = Pattern extends `${infer Token}.${infer Rest}`
  ? NameIn<Token> | NamesIn<Rest>
  : NameIn<Pattern>;

/**
 * The parameters of a pattern, by name: `Params<"orders.{id}">` is `{ readonly id: string }`. A pattern that
 * is only known when the program runs has any names.
 *
 * @example
 * ```ts
 * const params: Params<"orders.{id}.lines.{line}"> = { id: "7", line: "1" };
 * ```
 */
export type Params<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Pattern>]: string };
