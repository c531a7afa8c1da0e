import { assertEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { ErrorReports } from "../../../src/connection/error_reports.ts";
import { RefusalTracker } from "../../../src/connection/refusals.ts";
import type { ConnectionContext } from "../../../src/connection/settings.ts";
import { type MessageSink, Subscriptions } from "../../../src/connection/subscriptions.ts";
import { type BrokerEvent, EventFeed } from "../../../src/events.ts";
import { PermissionError } from "../../../src/errors.ts";
import type { Line, Listener } from "../../../src/line/line.ts";

/** A tracker beside subscriptions that a server has just got, with what is told of them. */
function stage() {
  const told: BrokerEvent["type"][] = [];
  const feed = new EventFeed();
  const { emit } = feed;
  feed.emit = (event) => {
    told.push(event.type);
    emit.call(feed, event);
  };
  const context = { clock: platformClock, feed, reports: new ErrorReports(platformClock, feed) };
  const flusher = { confirm: () => Promise.resolve(), confirmSoon() {}, messageRefused() {} };
  const tracker: RefusalTracker = new RefusalTracker(context as unknown as ConnectionContext, {
    transmitter: () => flusher,
    subscriptions: () => subscriptions,
  });
  const subscriptions = new Subscriptions(tracker, () => {});
  const listeners: Listener[] = [];
  const line = {
    subscribe: (listener: Listener) => ({ sid: listeners.push(listener), unsubscribe() {} }),
  };
  subscriptions.connected(line as unknown as Line);
  tracker.connected();
  return { tracker, subscriptions, listeners, told };
}

const sink: MessageSink = { take() {}, refused() {}, retryRefused: true };

Deno.test("RefusalTracker takes no answer to a flush for one to an attempt that came after it", () => {
  const { tracker, subscriptions, listeners, told } = stage();
  const subscription = subscriptions.subscribe("a", sink);
  const refuse = () => listeners.at(-1)!.refused(new PermissionError("subscribe", "a"));
  const first = tracker.flushSent();
  refuse();
  tracker.retry(sink);
  const second = tracker.flushSent();
  first();
  assertEquals(told, ["subscriptionLost"]);
  refuse();
  tracker.retry(sink);
  const third = tracker.flushSent();
  second();
  assertEquals(told, ["subscriptionLost"]);
  third();
  assertEquals(told, ["subscriptionLost", "subscriptionRestored"]);
  subscription.unsubscribe();
  tracker.close();
});
