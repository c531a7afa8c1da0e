import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { DecodeError, ReplyError, TimeoutError, ValidationError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { Reply, reply } from "../../../src/message/reply.ts";
import type { Schema, SchemaResult } from "../../../src/message/schema.ts";
import type { Middleware } from "../../../src/middleware/middleware.ts";
import { RequestInvocation } from "../../../src/subscriber/request_invocation.ts";
import { decode, Route, type RouteSettings } from "../../../src/subscriber/route.ts";
import { packet } from "./incoming.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";
import type { LinkContext } from "../../../src/link/ends/link_context.ts";

const addresses = new ReplyAddresses("_INBOX", undefined);
const WAYS = { clock: platformClock, addresses } as LinkContext;

function route(settings: Partial<RouteSettings>, outer: readonly Middleware[] = []): Route {
  const { handler = ({ body }) => body, ...others } = settings;
  const none = { filter: undefined, schema: undefined, replySchema: undefined, middleware: [] };
  return new Route({ ...none, ...others, handler }, outer, {
    stream: () => Promise.resolve(),
    report: () => {},
  });
}

function exchange(body: string, headers?: string): RequestInvocation {
  const { signal } = new AbortController();
  return new RequestInvocation(packet(body, headers), {}, performance.now(), signal, WAYS);
}

function schemaOf(
  validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
): Schema {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** Takes numbers, and doubles them. */
const doubled = schemaOf((value) =>
  typeof value === "number" ? { value: 2 * value } : { issues: [{ message: "no", path: ["a"] }] }
);

/** What a run throws, or its promise rejects with. */
function failure(run: () => unknown): Promise<unknown> {
  return Promise.try(run).then(() => undefined, (error) => error);
}

Deno.test("Route.takes() asks the filter; without one every message is for it", () => {
  const message = new ReceivedMessage(packet("12"));
  assertStrictEquals(route({}).takes(message), true);
  assertStrictEquals(route({ filter: ({ body }) => body === 12 }).takes(message), true);
  assertStrictEquals(route({ filter: () => false }).takes(message), false);
});

Deno.test("Route.run() gives the handler's value, a promise only where it is one", async () => {
  assertStrictEquals(route({}).run(exchange("12")), 12);
  const waits = route({ handler: () => Promise.resolve("later") }).run(exchange("12"));
  assertInstanceOf(waits, Promise);
  assertStrictEquals(await waits, "later");
});

Deno.test("Route.run() goes through the outer middleware and then through its own", async () => {
  const notes: string[] = [];
  const noting = (name: string): Middleware => async (_message, next) => {
    notes.push(name);
    return `${name}(${await next()})`;
  };
  const one = route({ middleware: [noting("own")] }, [noting("broker"), noting("router")]);
  assertStrictEquals(await one.run(exchange("12")), "broker(router(own(12)))");
  assertEquals(notes, ["broker", "router", "own"]);
});

Deno.test("Route.run() shows middleware and handler the body as the schema made it", async () => {
  const seen: unknown[] = [];
  const middleware: Middleware = (message, next) => {
    seen.push(message.body);
    return next();
  };
  const one = route({ schema: doubled, middleware: [middleware] });
  assertEquals([await one.run(exchange("12")), seen], [24, [24]]);
});

Deno.test("Route.run() keeps a body of undefined that the schema made", () => {
  const schema = schemaOf(() => ({ value: undefined }));
  const handler = ({ body }: { body: unknown }) => String(body);
  assertStrictEquals(route({ schema, handler }).run(exchange("12")), "undefined");
});

Deno.test("Route.run() keeps what the filter noted in the message's state", () => {
  const one = route({
    schema: doubled,
    filter({ state }) {
      state.user = "ada";
      return true;
    },
    handler: ({ state }) => state.user,
  });
  const asked = exchange("12");
  one.takes(asked.message);
  assertStrictEquals(one.run(asked), "ada");
});

Deno.test("Route.run() refuses a body that does not fit with 400 and the issues", async () => {
  let ran = 0;
  const later = schemaOf((value) => Promise.resolve(doubled["~standard"].validate(value)));
  for (const schema of [doubled, later]) {
    const one = route({ schema, handler: () => ran++, middleware: [() => ran++] });
    const error = await failure(() => one.run(exchange('"text"')));
    assertInstanceOf(error, ReplyError);
    assertEquals([error.code, error.data], [400, { issues: [{ message: "no", path: ["a"] }] }]);
    assertInstanceOf(error.cause, ValidationError);
    assertStrictEquals(error.message, error.cause.message);
  }
  assertStrictEquals(ran, 0);
});

Deno.test("Route.run() makes no refusal of a schema that throws", async () => {
  const broken = new RangeError("broken");
  const schemas = [
    schemaOf(() => {
      throw broken;
    }),
    schemaOf(() => Promise.reject(broken)),
  ];
  for (const schema of schemas) {
    assertStrictEquals(await failure(() => route({ schema }).run(exchange("12"))), broken);
  }
});

Deno.test("Route.run() gives up on a schema that never ends, at the caller's deadline at the latest", async () => {
  using time = new FakeTime();
  const one = route({ schema: schemaOf(() => new Promise(() => {})) });
  for (const [headers, wait] of [[undefined, 5_000], ["Signalbox-Time-Left: 50", 51]] as const) {
    const failed = failure(() => one.run(exchange("12", headers)));
    await time.tickAsync(wait);
    assertInstanceOf(await failed, TimeoutError);
  }
});

Deno.test("Route.run() gives a reply that fits as it was given, later if need be", async () => {
  assertStrictEquals(route({ replySchema: doubled }).run(exchange("12")), 12);
  const handler = () => Promise.resolve(4);
  assertStrictEquals(await route({ replySchema: doubled, handler }).run(exchange("")), 4);
});

Deno.test("Route.run() checks the body within a reply(), and keeps what goes with it", () => {
  const options = { headers: { a: "b" } };
  const one = route({ replySchema: doubled, handler: () => reply(4, options) });
  const made = one.run(exchange(""));
  assertInstanceOf(made, Reply);
  assertEquals([made.body, made.options], [4, options]);
});

Deno.test("Route.run() takes a reply that does not fit for the handler's fault", async () => {
  for (const value of ["text", reply("text"), Promise.resolve("text")]) {
    const one = route({ replySchema: doubled, handler: () => value });
    assertInstanceOf(await failure(() => one.run(exchange(""))), ValidationError);
  }
});

Deno.test("decode() refuses bytes that are not what their type says with 400", () => {
  const json = "content-type: application/json";
  decode(new ReceivedMessage(packet("{}", json)));
  decode(new ReceivedMessage(packet("{")));
  const wrong = new ReceivedMessage(packet("{", json));
  const error = assertThrows(() => decode(wrong), ReplyError);
  assertEquals([error.code, error.data], [400, undefined]);
  assertInstanceOf(error.cause, DecodeError);
});
