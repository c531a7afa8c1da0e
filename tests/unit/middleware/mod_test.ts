import { assertEquals, assertStrictEquals } from "@std/assert";
import { ReplyError } from "../../../src/errors.ts";
import { compose, type Middleware } from "../../../src/middleware/middleware.ts";
import type { Message } from "../../../src/message/message.ts";
import type { Handler } from "../../../src/subscriber/subscriber.ts";
import { outcome, received } from "./received.ts";
import * as door from "../../../src/middleware/mod.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

Deno.test("src/middleware/mod.ts exports these values", () => {
  assertEquals(
    Object.keys(door).sort(),
    ["logging", "mapErrors", "recover", "retry", "throttle", "timeout"],
  );
});

Deno.test("Middleware fits whatever state the messages have", () => {
  interface State {
    readonly user: string;
  }
  const typed: readonly Middleware<State>[] = [
    door.timeout(1_000),
    door.logging(quiet),
    door.throttle({ limit: 1, interval: 1, key: ({ state }) => state.user }),
    door.mapErrors((_error, { state }) => new ReplyError(403, `Not for ${state.user}`)),
    door.recover((_error, { state }) => state.user),
  ];
  const usual: readonly Middleware[] = [
    door.timeout(1_000),
    door.logging(quiet),
    door.throttle({ limit: 1, interval: 1, key: ({ subject }) => subject }),
    door.mapErrors((error) => error),
    door.recover(() => 0),
  ];
  assertStrictEquals(typed.length, usual.length);
});

Deno.test("Middleware bears the name of what made it", () => {
  const made = [
    door.timeout(1),
    door.logging(quiet),
    door.throttle({ limit: 1, interval: 1 }),
    door.mapErrors(() => {}),
    door.recover(() => {}),
    door.retry({}, () => {}),
  ];
  assertEquals(
    made.map(({ name }) => name),
    ["timeout", "logging", "throttle", "mapErrors", "recover", "retry"],
  );
});

Deno.test("retry() gives a handler the type of the messages it is for", () => {
  const handler: Handler<number, { readonly id: string }> = door.retry(
    {},
    ({ body, params }) => body.toFixed(1) + params.id.length,
  );
  assertStrictEquals(handler.name, "retry");
});

Deno.test("Middleware works in a chain, where each calls next() once", async () => {
  let runs = 0;
  const links: readonly Middleware[] = [
    door.logging(quiet),
    door.recover((error) => error instanceof ReplyError ? error.code : "unknown"),
    door.throttle({ limit: 2, interval: 60_000 }),
    door.mapErrors(() => new ReplyError(502, "No price")),
    door.timeout(1_000),
  ];
  const handler = door.retry({ delay: 0 }, () => {
    if (++runs % 3 !== 0 || runs > 3) throw new Error("The shop is busy");
    return runs;
  });
  const chain = compose<Message>(
    links.map((link) => (message, next) => link(message, () => next(message))),
    handler,
  );
  const replies = [];
  for (let times = 0; times < 3; times++) replies.push(await outcome(() => chain(received())));
  assertEquals(replies, [3, 502, 429]);
  assertStrictEquals(runs, 6);
});
