import { actionOf } from "../../../src/jetstream/api/call_action.ts";
import { assertEquals } from "@std/assert";

Deno.test("actionOf() says what a call does, and nothing of calls that it does not know", () => {
  assertEquals(
    [
      "STREAM.INFO.ORDERS",
      "STREAM.CREATE.ORDERS",
      "STREAM.MSG.GET.ORDERS",
      "CONSUMER.CREATE.ORDERS.billing.orders.*.placed",
      "CONSUMER.PAUSE.ORDERS.billing",
      "INFO",
      "DIRECT.GET.ORDERS",
      "STREAM.LEADER.STEPDOWN.ORDERS",
      "CONSUMER.NAMES.ORDERS",
      "constructor.constructor",
    ].map(actionOf),
    [
      'ask about the stream "ORDERS"',
      'make the stream "ORDERS"',
      'get a message of the stream "ORDERS"',
      'declare the consumer "billing" of "ORDERS"',
      'pause or resume the consumer "billing" of "ORDERS"',
      ...Array.from({ length: 5 }, () => undefined),
    ],
  );
});
