import { assertType, type IsExact } from "@std/testing/types";
import type { Given, Message, Params, Source } from "@signalbox/nats";

interface Stored {
  readonly delivery: { readonly seq: number };
}
type One = Source<{ pattern: "orders.{id}"; besides: Stored; batch: false }>;
type List = Source<{ pattern: "orders.{id}"; besides: Stored; batch: true }>;

Deno.test("Given is the message of a subject, what a source adds to it, or a list", () => {
  type OfSubject = Message<unknown, { readonly id: string }>;
  assertType<IsExact<Given<"orders.{id}">, OfSubject>>(true);
  assertType<IsExact<Given<One>, OfSubject & Stored>>(true);
  assertType<IsExact<Given<List>, readonly (OfSubject & Stored)[]>>(true);
});

Deno.test("Params of several patterns promises no parameter that only some of them have", () => {
  type Both = Params<"orders.{id}" | "bills.{number}">;
  assertType<IsExact<Both, { readonly id: string } | { readonly number: string }>>(true);
});
