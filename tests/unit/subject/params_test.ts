import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Params, Pattern } from "../../../src/subject/subject.ts";

/** Written out, as an empty object type would take anything. */
type None = { readonly [Name in never]: string };

Deno.test("Params names each parameter of a pattern", () => {
  assertType<IsExact<Params<"orders.{id}">, { readonly id: string }>>(true);
  assertType<IsExact<Params<"{a}">, { readonly a: string }>>(true);
  type Three = { readonly a: string; readonly b: string; readonly c_1: string };
  assertType<IsExact<Params<"{a}.x.{b}.y.{c_1}">, Three>>(true);
});

Deno.test("Params is empty for a pattern without parameters", () => {
  assertType<IsExact<Params<"orders.new">, None>>(true);
  assertType<IsExact<Params<"orders.*.>">, None>>(true);
  assertType<IsExact<Params<">">, None>>(true);
  assertType<IsExact<Params<"">, None>>(true);
});

Deno.test("Params passes over wildcards beside parameters", () => {
  assertType<IsExact<Params<"*.{id}.>">, { readonly id: string }>>(true);
});

Deno.test("Params takes a parameter for a whole token only", () => {
  assertType<IsExact<Params<"a{id}.b">, None>>(true);
  assertType<IsExact<Params<"{id}b.{x}">, { readonly x: string }>>(true);
});

Deno.test("Params has any names where the pattern is known only at run time", () => {
  assertType<IsExact<Params<string>, Readonly<Record<string, string>>>>(true);
});

Deno.test("Params has the names that Pattern finds", () => {
  const text = "{zone}.orders.{id}.>";
  const values = new Pattern(text).read("eu.orders.7.x") as Params<typeof text>;
  assertType<IsExact<keyof typeof values, "zone" | "id">>(true);
  assertEquals([values.zone, values.id], ["eu", "7"]);
});
