import { ReplyAddressError } from "@signalbox/nats";
import { assert, assertEquals, assertFalse } from "@std/assert";

Deno.test("ReplyAddressError keeps its facts, and says what was refused and how often", () => {
  const error = new ReplyAddressError("orders.echo", "$JS.API.INFO", 7);
  assert(error instanceof Error);
  assertEquals([error.name, error.subject, error.replyTo, error.count], [
    "ReplyAddressError",
    "orders.echo",
    "$JS.API.INFO",
    7,
  ]);
  assertEquals(
    error.message,
    'Cannot handle a message to "orders.echo" as its reply address must be permitted: "$JS.API.INFO" (7)',
  );
});

Deno.test("ReplyAddressError shows no whole inbox, and no long address", () => {
  const inbox = `_DESK.${"a".repeat(22)}`;
  const error = new ReplyAddressError("orders.echo", `${inbox}.o1`, 1);
  assertFalse(Deno.inspect(error).includes(inbox));
  assertEquals(error.replyTo, `${inbox}.o1`);
  const long = new ReplyAddressError("orders.echo", `$JS.${"a.".repeat(900)}a`, 1);
  assert(long.message.length < 250);
});
