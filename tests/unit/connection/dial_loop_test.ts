import { errors, type NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { ReconnectDelay } from "../../../src/connection/reconnect_delay.ts";
import { type DialPlan, dialUntilAccepted } from "../../../src/connection/dial_loop.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { delay } from "../../support/delay.ts";

const client = {} as NatsConnection;
const refused = () => new errors.ConnectionError("connection refused");

/** The way to servers that fail as they are told, in turn; the last failure stays. */
function wayTo(
  failures: Record<string, readonly (Error | undefined)[]>,
  { waits = false, isReconnect = false, controller = new AbortController() } = {},
) {
  const events: (number | ConnectionError)[] = [];
  const dialled: string[] = [];
  const left: Promise<NatsConnection>[] = [];
  const way: DialPlan<NatsConnection> = {
    round: () => Object.keys(failures),
    urls: Object.keys(failures),
    isReconnect,
    waits,
    clock: platformClock,
    delay: new ReconnectDelay(platformClock, { minDelay: 0, maxDelay: 0 }),
    signal: controller.signal,
    attempt: (count) => void events.push(count),
    failed: (fault) => void events.push(fault),
    stillRunning: (dialled) => void left.push(dialled),
    dial(url) {
      const turn = dialled.filter((one) => one === url).length;
      dialled.push(url);
      const failure = failures[url]!.at(Math.min(turn, failures[url]!.length - 1));
      return failure ? Promise.reject(failure) : Promise.resolve(client);
    },
  };
  return { way, events, dialled, left };
}

Deno.test("dialUntilAccepted() dials each server of a round once", async () => {
  const { way, dialled, events } = wayTo({ a: [refused()], b: [refused()], c: [refused()] });
  await assertRejects(
    () => dialUntilAccepted(way),
    ConnectionError,
    "Cannot connect to a, b, c as",
  );
  assertEquals([dialled, events], [["a", "b", "c"], []]);
});

Deno.test("dialUntilAccepted() throws what says most of what has to be done", async () => {
  const failures = [
    refused(),
    new errors.TimeoutError(),
    new Error("invalid peer certificate: UnknownIssuer"),
    new errors.AuthorizationError("no"),
  ];
  const reasons = ["refused", "timeout", "tls", "authorization"] as const;
  for (let count = 1; count <= 4; count++) {
    const servers = failures.slice(0, count).map((failure, index) => [`${index}`, [failure]]);
    const { way } = wayTo(Object.fromEntries(servers), { waits: count > 2 });
    const error = await assertRejects(() => dialUntilAccepted(way), ConnectionError);
    assertStrictEquals(error.reason, reasons[count - 1]!);
  }
});

/** Attempts by their number, failures by their reason. */
function told(events: readonly (number | ConnectionError)[]) {
  return events.map((event) => typeof event === "number" ? event : event.reason);
}

Deno.test("dialUntilAccepted() that waits tells each attempt, and what each round came to", async () => {
  const failures = { a: [refused(), new errors.TimeoutError(), undefined] };
  const { way, events } = wayTo(failures, { waits: true });
  assertStrictEquals(await dialUntilAccepted(way), client);
  assertEquals(told(events), ["refused", 1, "timeout", 2]);
});

Deno.test("dialUntilAccepted() that returns waits before the first round, and goes on whatever is in the way", async () => {
  const failures = { a: [new errors.AuthorizationError("no"), undefined] };
  const { way, events } = wayTo(failures, { isReconnect: true });
  assertStrictEquals(await dialUntilAccepted(way), client);
  assertEquals(told(events), [1, "authorization", 2]);
});

Deno.test("dialUntilAccepted() does not wait for a permission that nobody will give", async () => {
  const cause = new Deno.errors.NotCapable("requires net access");
  const failures = {
    a: [new errors.ConnectionError("requires net access", { cause })],
    b: [refused()],
  };
  const { way, events } = wayTo(failures, { waits: true });
  await assertRejects(() => dialUntilAccepted(way), ConnectionError, "requires net access");
  assertEquals(events, []);
});

Deno.test("dialUntilAccepted() ends with `closed` once its signal aborts", async () => {
  const controller = new AbortController();
  const { way, dialled } = wayTo({ a: [refused()], b: [refused()] }, { waits: true, controller });
  const outcome = assertRejects(
    () => dialUntilAccepted(way),
    ConnectionError,
    "the broker was stopped",
  );
  while (dialled.length < 4) await delay(0);
  controller.abort();
  const error = await outcome;
  assertEquals(error.reason, "closed");
  assertStrictEquals((error.cause as ConnectionError).reason, "refused");
});

Deno.test("dialUntilAccepted() does not wait for a dial under way once its signal aborts", async () => {
  const controller = new AbortController();
  const { way, left } = wayTo({ a: [undefined] }, { controller });
  const dialled = Promise.withResolvers<NatsConnection>();
  const outcome = assertRejects(
    () => dialUntilAccepted({ ...way, dial: () => dialled.promise }),
    ConnectionError,
  );
  controller.abort();
  assertEquals((await outcome).reason, "closed");
  dialled.resolve(client);
  assertStrictEquals(await left[0], client);
});
