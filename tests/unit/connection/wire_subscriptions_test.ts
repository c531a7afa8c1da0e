import type { NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { listenThrough } from "../../../src/connection/client_internals.ts";
import type { ListedSubscription } from "../../../src/connection/client_protocol.ts";
import { ClientSubscriptions } from "../../../src/connection/client_subscriptions.ts";
import type { Taker } from "../../../src/connection/subscriptions.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** As much of a client as it takes to subscribe with, which notes what it tells the server. */
function subscribing() {
  const list = new Map<number, ListedSubscription>();
  const told: string[] = [];
  const passed: string[] = [];
  const newParser = () => ({
    state: 0,
    parse: (piece: Uint8Array) => void passed.push(decoder.decode(piece)),
  });
  let disconnects = 0;
  const protocol = {
    transport: { disconnect: () => void disconnects++ },
    parser: newParser(),
    subscriptions: {
      get: (sid: number) => list.get(sid),
      cancel(subscription: ListedSubscription) {
        subscription.close();
        list.delete(subscription.sid);
      },
    },
    subscribe(subscription: ListedSubscription) {
      list.set(subscription.sid = list.size + 1, subscription);
      told.push(`SUB ${subscription.subject} ${subscription.queue} ${subscription.sid}`);
    },
    unsub: ({ sid }: ListedSubscription) => void told.push(`UNSUB ${sid}`),
    unsubscribe(subscription: ListedSubscription) {
      protocol.unsub(subscription);
      protocol.subscriptions.cancel(subscription);
    },
    flush: () => Promise.resolve(),
  };
  const reported: Error[] = [];
  const client = { protocol } as unknown as NatsConnection;
  const subscriptions = listenThrough(client, (error) => reported.push(error));
  const receive = (text: string) => protocol.parser.parse(encoder.encode(text));
  const ended = () => disconnects;
  return { protocol, subscriptions, list, told, passed, newParser, receive, reported, ended };
}

function taker(): Taker & { readonly taken: string[]; readonly refusals: Error[] } {
  const taken: string[] = [];
  const refusals: Error[] = [];
  return {
    taken,
    refusals,
    take: ({ subject, data }) => void taken.push(`${subject}: ${decoder.decode(data)}`),
    refused: (error) => void refusals.push(error),
  };
}

Deno.test("listenThrough() subscribes in the client's list, and takes what comes there", () => {
  const { subscriptions, told, passed, receive } = subscribing();
  const [all, some] = [taker(), taker()];
  subscriptions.subscribe("a.*", all);
  subscriptions.subscribe("b", some, "workers");
  assertEquals(told, ["SUB a.* undefined 1", "SUB b workers 2"]);
  receive("MSG a.x 1 1\r\n1\r\nPING\r\nMSG b 2 1\r\n2\r\nMSG c 3 1\r\n3\r\n");
  assertEquals([all.taken, some.taken, passed], [["a.x: 1"], ["b: 2"], ["PING\r\n"]]);
});

Deno.test("listenThrough() reads through each parser that the client makes later", () => {
  const { protocol, subscriptions, receive, newParser, passed } = subscribing();
  const { taken, ...rest } = taker();
  subscriptions.subscribe("a", { ...rest });
  receive("MSG a 1 100\r\ncut off");
  protocol.parser = newParser();
  receive("INFO {}\r\nMSG a 1 1\r\n1\r\n");
  assertEquals([taken, passed], [["a: 1"], ["INFO {}\r\n"]]);
});

Deno.test("listenThrough() reports what cannot be read, and ends the connection", () => {
  const { protocol, subscriptions, receive, reported, ended, newParser } = subscribing();
  const { taken, ...rest } = taker();
  subscriptions.subscribe("a", rest);
  receive("MSG a 1 nothing\r\nMSG a 1 1\r\n1\r\n");
  assertEquals([taken, reported.length, ended()], [[], 1, 1]);
  protocol.parser = newParser();
  receive("MSG a 1 1\r\n2\r\n");
  assertEquals([taken, reported.length, ended()], [["a: 2"], 1, 1]);
});

Deno.test("Interest.unsubscribe() takes nothing more at once, and tells the server once", () => {
  const { subscriptions, told, list, receive } = subscribing();
  const { taken, ...rest } = taker();
  const interest = subscriptions.subscribe("a", rest);
  interest.unsubscribe();
  interest.unsubscribe();
  receive("MSG a 1 1\r\n1\r\n");
  assertEquals([taken, list.size, told.slice(1)], [[], 0, ["UNSUB 1"]]);
});

Deno.test("Interest.drain() takes what is on its way until the server has answered", async () => {
  const { protocol, subscriptions, told, list, receive } = subscribing();
  const answered = Promise.withResolvers<void>();
  protocol.flush = () => answered.promise;
  const { taken, ...rest } = taker();
  const interest = subscriptions.subscribe("a", rest);
  const drained = interest.drain();
  receive("MSG a 1 1\r\n1\r\n");
  assertEquals([taken, told.slice(1), list.size], [["a: 1"], ["UNSUB 1"], 1]);
  answered.resolve();
  await drained;
  receive("MSG a 1 1\r\n2\r\n");
  await interest.drain();
  assertEquals([taken, told.slice(1), list.size], [["a: 1"], ["UNSUB 1"], 0]);
});

Deno.test("Interest.drain() is done where the connection has gone", async () => {
  const { protocol, subscriptions, list } = subscribing();
  protocol.flush = () => Promise.reject(new Error("connection disconnected"));
  await subscriptions.subscribe("a", taker()).drain();
  assertStrictEquals(list.size, 0);
});

Deno.test("Interest tells its taker that the server refuses it, and is over", () => {
  const { protocol, subscriptions, told, list } = subscribing();
  const { refusals, ...rest } = taker();
  const interest = subscriptions.subscribe("a", rest);
  const refused = list.get(1)!;
  const refusal = new Error("no");
  refused.callback(refusal);
  protocol.subscriptions.cancel(refused);
  interest.unsubscribe();
  assertEquals([refusals, told.length], [[refusal], 1]);
});

Deno.test("Interest reports what its taker throws, and reads on", () => {
  const { subscriptions, list, receive, reported } = subscribing();
  const boom = (words: string) => () => {
    throw new Error(words);
  };
  const good = taker();
  subscriptions.subscribe("a", { take: boom("take"), refused: boom("refused") });
  subscriptions.subscribe("b", good);
  receive("MSG a 1 0\r\n\r\nMSG b 2 0\r\n\r\n");
  list.get(1)!.callback(new Error("no"));
  assertEquals(reported.map(({ message }) => message), ["take", "refused"]);
  assertEquals(good.taken, ["b: "]);
});

Deno.test("listenThrough() leaves the reading to a client that it does not know", () => {
  const known = () => subscribing().protocol as Record<string, unknown>;
  for (const part of Object.keys(known())) {
    const client = { protocol: { ...known(), [part]: undefined } } as unknown as NatsConnection;
    assertStrictEquals(listenThrough(client, () => {}) instanceof ClientSubscriptions, true, part);
  }
});
