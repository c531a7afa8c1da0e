import type { Msg, NatsConnection, SubscriptionOptions } from "@nats-io/transport-deno";
import { assertEquals } from "@std/assert";
import { OddAddresses } from "../../../src/connection/odd_addresses.ts";
import { ClientSubscriptions } from "../../../src/connection/client_subscriptions.ts";
import type { Packet } from "../../../src/message/packet.ts";

/** A client that notes what it is asked, and hands over what the test has for it. */
function fake() {
  const asked: unknown[] = [];
  const callbacks: NonNullable<SubscriptionOptions["callback"]>[] = [];
  let isOpen = true;
  const end = (how: string) => () => {
    asked.push(how);
    isOpen = false;
  };
  const subscribe = (subject: string, { queue, callback }: SubscriptionOptions) => {
    asked.push([subject, queue]);
    callbacks.push(callback!);
    return { isClosed: () => !isOpen, unsubscribe: end("unsubscribe"), drain: end("drain") };
  };
  const reported: Error[] = [];
  const client = { subscribe } as unknown as NatsConnection;
  const report = (error: Error) => void reported.push(error);
  const subscriptions = new ClientSubscriptions(client, report, new OddAddresses(report));
  return { subscriptions, asked, callbacks, reported };
}

const message = (parts: object) => parts as unknown as Msg;

Deno.test("ClientSubscriptions has the client subscribe, and hands on each message in its parts", () => {
  const { subscriptions, asked, callbacks } = fake();
  const taken: unknown[] = [];
  const take = ({ subject, replyTo, data, headerBlock }: Packet) =>
    void taken.push([subject, replyTo, data, headerBlock]);
  subscriptions.subscribe("a", { take, refused() {} });
  subscriptions.subscribe("b", { take, refused() {} }, "workers");
  assertEquals(asked, [["a", undefined], ["b", "workers"]]);
  const [data, block] = [new Uint8Array([1]), new Uint8Array([2])];
  callbacks[0]!(
    null,
    message({ subject: "a", reply: "r", data, headers: { encode: () => block } }),
  );
  callbacks[1]!(null, message({ subject: "b", data }));
  assertEquals(taken, [["a", "r", data, block], ["b", "", data, undefined]]);
});

Deno.test("ClientSubscriptions tells of a refusal, and reports what a taker throws", () => {
  const { subscriptions, callbacks, reported } = fake();
  const refusals: Error[] = [];
  const take = () => {
    throw new Error("take");
  };
  subscriptions.subscribe("a", { take, refused: (error) => refusals.push(error) });
  callbacks[0]!(null, message({}));
  callbacks[0]!(new Error("no"), message({}));
  assertEquals([reported, refusals].map(([error]) => error?.message), ["take", "no"]);
});

Deno.test("ClientSubscriptions ends each subscription once", async () => {
  const first = fake();
  const interest = first.subscriptions.subscribe("a", { take() {}, refused() {} });
  interest.unsubscribe();
  interest.unsubscribe();
  await interest.drain();
  assertEquals(first.asked.slice(1), ["unsubscribe"]);
  const second = fake();
  await second.subscriptions.subscribe("a", { take() {}, refused() {} }).drain();
  assertEquals(second.asked.slice(1), ["drain"]);
});
