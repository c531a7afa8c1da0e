import { assertEquals, assertInstanceOf } from "@std/assert";
import { errors } from "@nats-io/transport-deno";
import {
  type KeptSubscription,
  type MessageSink,
  Subscriptions,
} from "../../../src/connection/subscriptions.ts";
import { PermissionError } from "../../../src/errors.ts";
import type { Line, Listener } from "../../../src/line/line.ts";
import type { RawMessage } from "../../../src/message/raw_message.ts";

/** A line that notes what it is told, and has subscriptions numbered from here. */
function lineFrom(first: number) {
  const told: string[] = [];
  const listeners: Listener[] = [];
  const drained = Promise.withResolvers<void>();
  let next = first;
  const line = {
    subscribe(listener: Listener) {
      const sid = next++;
      listeners.push(listener);
      told.push(`SUB ${listener.subject} ${listener.queue} ${sid}`);
      return {
        sid,
        unsubscribe: () => void told.push(`UNSUB ${sid}`),
        drain: () => (told.push(`DRAIN ${sid}`), drained.promise),
      };
    },
  } as unknown as Line;
  return { line, told, listeners, drained };
}

function stage() {
  const steps: string[] = [];
  const reported: Error[] = [];
  const note = (what: string) => (entry: KeptSubscription) =>
    void steps.push(`${what} ${entry.subject}`);
  const watch = { subscribed: note("subscribed"), refused: note("refused"), ended: note("ended") };
  const subscriptions = new Subscriptions(watch, (error) => void reported.push(error));
  return { subscriptions, steps, reported };
}

function sink(more: Partial<MessageSink> = {}) {
  const seen: unknown[] = [];
  const all: MessageSink = {
    take: ({ subject }) => void seen.push(subject),
    refused: (error) => void seen.push(error),
    ...more,
  };
  return { seen, all };
}

const packet = (subject: string) => ({ subject }) as RawMessage;

Deno.test("Subscriptions.connected() tells each line of all that is listed, and of nothing that was left", () => {
  const { subscriptions } = stage();
  subscriptions.subscribe("a", sink().all);
  subscriptions.subscribe("b", sink().all, "workers");
  subscriptions.subscribe("c", sink().all).unsubscribe();
  const [one, two] = [lineFrom(1), lineFrom(10)];
  subscriptions.connected(one.line);
  subscriptions.subscribe("d", sink().all);
  subscriptions.disconnected();
  subscriptions.subscribe("e", sink().all);
  subscriptions.connected(two.line);
  assertEquals(one.told, ["SUB a undefined 1", "SUB b workers 2", "SUB d undefined 3"]);
  assertEquals(two.told, [
    "SUB a undefined 10",
    "SUB b workers 11",
    "SUB d undefined 12",
    "SUB e undefined 13",
  ]);
  assertEquals(subscriptions.numbered(11)?.subject, "b");
  assertEquals(subscriptions.numbered(2), undefined);
});

Deno.test("Subscriptions watches what is subscribed while there is a line", () => {
  const { subscriptions, steps } = stage();
  subscriptions.subscribe("a", sink().all);
  assertEquals(steps, []);
  subscriptions.connected(lineFrom(1).line);
  subscriptions.subscribe("b", sink().all);
  assertEquals(steps, ["subscribed b"]);
});

Deno.test("KeptSubscription.take() reports what its sink throws, and goes on", () => {
  const { subscriptions, reported } = stage();
  const { line, listeners } = lineFrom(1);
  subscriptions.connected(line);
  const boom = () => {
    throw new Error("take");
  };
  subscriptions.subscribe("a", sink({ take: boom }).all);
  const good = sink();
  subscriptions.subscribe("b", good.all);
  listeners[0]!.take(packet("a"));
  listeners[1]!.take(packet("b"));
  assertEquals([reported.map(({ message }) => message), good.seen], [["take"], ["b"]]);
});

Deno.test("KeptSubscription.refused() tells the sink why, and no line is told of it any more", () => {
  const { subscriptions, steps } = stage();
  const [one, two] = [lineFrom(1), lineFrom(10)];
  subscriptions.connected(one.line);
  const { seen, all } = sink({ retryRefused: true });
  subscriptions.subscribe("a", all);
  one.listeners[0]!.refused(
    new errors.PermissionViolationError("no", "subscription", "a"),
  );
  assertInstanceOf(seen[0], PermissionError);
  subscriptions.disconnected();
  subscriptions.connected(two.line);
  assertEquals([two.told, steps], [[], ["subscribed a", "refused a"]]);
});

Deno.test("KeptSubscription.refused() reports what its sink throws", () => {
  const { subscriptions, reported } = stage();
  const { line, listeners } = lineFrom(1);
  subscriptions.connected(line);
  const boom = () => {
    throw new Error("refused");
  };
  subscriptions.subscribe("a", sink({ refused: boom }).all);
  listeners[0]!.refused(new Error("no"));
  assertEquals(reported.map(({ message }) => message), ["refused"]);
});

Deno.test("KeptSubscription.unsubscribe() of one that was refused tells the watch, and no server", () => {
  const { subscriptions, steps } = stage();
  const { line, listeners, told } = lineFrom(1);
  subscriptions.connected(line);
  const subscription = subscriptions.subscribe("a", sink({ retryRefused: true }).all);
  listeners[0]!.refused(new Error("no"));
  subscription.unsubscribe();
  subscription.unsubscribe();
  (subscription as KeptSubscription).resubscribe();
  assertEquals(steps, ["subscribed a", "refused a", "ended a"]);
  assertEquals(told.length, 1);
});

Deno.test("KeptSubscription.refused() does not bring one back that is being left", async () => {
  const { subscriptions, steps } = stage();
  const { line, listeners, drained } = lineFrom(1);
  subscriptions.connected(line);
  const { seen, all } = sink();
  const done = subscriptions.subscribe("a", all).drain();
  listeners[0]!.refused(new Error("no"));
  drained.resolve();
  await done;
  assertEquals([seen, steps, subscriptions.active.size], [[], ["subscribed a"], 0]);
});

Deno.test("KeptSubscription.resubscribe() ends first what the server may have, and then tells it anew", () => {
  const { subscriptions } = stage();
  const { line, told } = lineFrom(1);
  subscriptions.connected(line);
  const entry = subscriptions.subscribe("a", sink().all) as KeptSubscription;
  entry.resubscribe();
  assertEquals(told, ["SUB a undefined 1", "UNSUB 1", "SUB a undefined 2"]);
  assertEquals(entry.sid, 2);
});

Deno.test("KeptSubscription.drain() goes by the line that had it, though another has come meanwhile", async () => {
  const { subscriptions } = stage();
  const [one, two] = [lineFrom(1), lineFrom(10)];
  subscriptions.connected(one.line);
  const done = subscriptions.subscribe("a", sink().all).drain();
  subscriptions.disconnected();
  subscriptions.connected(two.line);
  one.drained.resolve();
  await done;
  assertEquals([one.told, two.told], [["SUB a undefined 1", "DRAIN 1"], []]);
});

Deno.test("KeptSubscription.drain() is done at once without a line", async () => {
  const { subscriptions } = stage();
  await subscriptions.subscribe("a", sink().all).drain();
  assertEquals(subscriptions.active.size, 0);
});
