import { assertEquals } from "@std/assert";
import { readAckSubject } from "../../../src/jetstream/api/ack_subject.ts";

const READ = {
  stream: "ORDERS",
  consumer: "billing",
  attempt: 2,
  seq: 17,
  consumerSeq: 9,
  time: 1_767_225_600_123,
  pending: 4,
};
const REST = "ORDERS.billing.2.17.9.1767225600123456789.4";

Deno.test("readAckSubject() reads the short form, and the long one with whatever follows", () => {
  assertEquals(readAckSubject(`$JS.ACK.${REST}`), READ);
  assertEquals(readAckSubject(`$JS.ACK.hub.ACCOUNT.${REST}`), READ);
  assertEquals(readAckSubject(`$JS.ACK.hub.ACCOUNT.${REST}.token`), READ);
  assertEquals(readAckSubject(`$JS.ACK._.ACCOUNT.${REST}.more.and.more`), READ);
});

Deno.test("readAckSubject() reads nothing that is not one", () => {
  const wrong = [
    "",
    "orders.7",
    "$JS.ACK.",
    `$JS.ACK.${REST}.5`,
    `$JS.ACK.${REST.slice(0, -2)}`,
    `$JS.NAK.${REST}`,
    "$JS.ACK.ORDERS.billing.0.17.9.1767225600123456789.4",
    "$JS.ACK.ORDERS.billing.2.0.9.1767225600123456789.4",
    "$JS.ACK.ORDERS.billing.2.17.x.1767225600123456789.4",
    "$JS.ACK.ORDERS.billing.2.17.9.1767225600123456789.-4",
    "$JS.ACK.ORDERS.billing.2.17.9.123.4",
    "$JS.ACK.ORDERS.billing.2.17..1767225600123456789.4",
    `$JS.ACK.${".".repeat(2_000)}`,
  ];
  assertEquals(wrong.filter((subject) => readAckSubject(subject) !== undefined), []);
});
