import { errors, type NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ReconnectDelay } from "../../../src/connection/backoff.ts";
import type { BrokerEvent } from "../../../src/connection/events.ts";
import { type FirstConnect, firstConnect } from "../../../src/connection/first_connect.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { delay } from "../../support/delay.ts";

const client = {} as NatsConnection;
const refused = () => new errors.ConnectionError("connection refused");

/** The way to servers that fail as they are told, in turn; the last failure stays. */
function wayTo(
  failures: Record<string, readonly (Error | undefined)[]>,
  { waits = false, controller = new AbortController() } = {},
) {
  const events: BrokerEvent[] = [];
  const dialled: string[] = [];
  const left: Promise<NatsConnection>[] = [];
  const way: FirstConnect = {
    urls: Object.keys(failures),
    waits,
    delay: new ReconnectDelay({ minDelay: 0, maxDelay: 0 }),
    signal: controller.signal,
    tell: (event) => void events.push(event),
    left: (dialled) => void left.push(dialled),
    dial(url) {
      const turn = dialled.filter((one) => one === url).length;
      dialled.push(url);
      const failure = failures[url]!.at(Math.min(turn, failures[url]!.length - 1));
      return failure ? Promise.reject(failure) : Promise.resolve(client);
    },
  };
  return { way, events, dialled, left };
}

Deno.test("firstConnect() dials each server once, in any order", async () => {
  const firsts = new Set<string>();
  for (let round = 1; round <= 100 && firsts.size < 3; round++) {
    const { way, dialled, events } = wayTo({ a: [refused()], b: [refused()], c: [refused()] });
    await assertRejects(() => firstConnect(way), ConnectionError, "Cannot connect to a, b, c as");
    assertEquals([dialled.toSorted(), events], [["a", "b", "c"], []]);
    firsts.add(dialled[0]!);
  }
  assertEquals(firsts.size, 3);
});

Deno.test("firstConnect() throws what says most of what has to be done", async () => {
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
    const error = await assertRejects(() => firstConnect(way), ConnectionError);
    assertStrictEquals(error.reason, reasons[count - 1]!);
  }
});

Deno.test("firstConnect() that waits tells each attempt, and each failure when it changes", async () => {
  const silent = new errors.TimeoutError();
  const failures = { a: [refused(), refused(), silent, silent, undefined] };
  const { way, events } = wayTo(failures, { waits: true });
  assertStrictEquals(await firstConnect(way), client);
  const told = events.map((event) =>
    event.type === "reconnecting"
      ? event.attempt
      : event.type === "error"
      ? (event.error as ConnectionError).reason
      : event
  );
  assertEquals(told, ["refused", 1, 2, "timeout", 3, 4]);
});

Deno.test("firstConnect() does not wait for a permission that nobody will give", async () => {
  const cause = new Deno.errors.NotCapable("requires net access");
  const failures = {
    a: [new errors.ConnectionError("requires net access", { cause })],
    b: [refused()],
  };
  const { way, events } = wayTo(failures, { waits: true });
  await assertRejects(() => firstConnect(way), ConnectionError, "requires net access");
  assertEquals(events, []);
});

Deno.test("firstConnect() ends with `closed` once its signal aborts", async () => {
  const controller = new AbortController();
  const { way, dialled } = wayTo({ a: [refused()], b: [refused()] }, { waits: true, controller });
  const outcome = assertRejects(() => firstConnect(way), ConnectionError, "must not be stopped");
  while (dialled.length < 4) await delay(0);
  controller.abort();
  const error = await outcome;
  assertEquals(error.reason, "closed");
  assertStrictEquals((error.cause as ConnectionError).reason, "refused");
});

Deno.test("firstConnect() does not wait for a dial under way once its signal aborts", async () => {
  const controller = new AbortController();
  const { way, left } = wayTo({ a: [undefined] }, { controller });
  const dialled = Promise.withResolvers<NatsConnection>();
  const outcome = assertRejects(
    () => firstConnect({ ...way, dial: () => dialled.promise }),
    ConnectionError,
  );
  controller.abort();
  assertEquals((await outcome).reason, "closed");
  dialled.resolve(client);
  assertStrictEquals(await left[0], client);
});
