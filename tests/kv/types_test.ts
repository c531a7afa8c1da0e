import { NatsBroker, type Schema } from "@signalbox/nats";
import { type Bucket, kv } from "@signalbox/nats/kv";
import { assertType, type IsExact } from "@std/testing/types";

/** A number that is stored as text. */
const asText: Schema<number, string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => ({ value: Number(value) }),
  },
};

Deno.test("kv() has the types of its schema: what goes in, and what comes out", () => {
  const broker = new NatsBroker();
  const counts = kv(broker, "counts", { schema: asText });
  assertType<IsExact<typeof counts, Bucket<number, string>>>(true);
  const use = async () => {
    await counts.put("a", "7");
    const value: number | undefined = (await counts.get("a"))?.value;
    await counts.change("a", (old = 0) => `${old + 1}`);
    // @ts-expect-error it is stored as text
    await counts.put("a", 7);
    for await (const entry of counts.history()) {
      if (entry.kind === "put") assertType<IsExact<typeof entry.value, number>>(true);
      else assertType<IsExact<typeof entry.value, undefined>>(true);
    }
    for await (const { params, body } of counts.changes("{shop}.{item}")) {
      assertType<IsExact<typeof params, { readonly shop: string; readonly item: string }>>(true);
      assertType<IsExact<typeof body, number | undefined>>(true);
    }
    const text: string = "{any}";
    for await (const { params } of counts.changes(text)) {
      const any: string | undefined = params["any"];
      void any;
    }
    return value;
  };
  void use;
});

Deno.test("kv() takes a broker with a state of any type", () => {
  const broker = new NatsBroker<{ user: string }>();
  const things = kv(broker, "things");
  assertType<IsExact<typeof things, Bucket<unknown, unknown>>>(true);
  broker.subscriber(things.changes("{id}"), ({ state, params, change }) => {
    assertType<IsExact<typeof state, { user: string }>>(true);
    assertType<IsExact<typeof params, { readonly id: string }>>(true);
    return change.revision;
  });
});
