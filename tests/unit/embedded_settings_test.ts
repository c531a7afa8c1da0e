import { assertEquals, assertThrows } from "@std/assert";
import type { EmbeddedServerOptions } from "../../src/testing/server/options.ts";
import { checkOptions } from "../../src/testing/server/settings.ts";

function refused(options: unknown, type: typeof TypeError | typeof RangeError, rule: string): void {
  assertThrows(
    () => checkOptions(options as EmbeddedServerOptions),
    type,
    `Cannot start the embedded server as ${rule}`,
  );
}

Deno.test("checkOptions() fills in the defaults of the real server", () => {
  assertEquals(checkOptions({ port: undefined } as unknown as EmbeddedServerOptions), {
    port: 0,
    hostname: "127.0.0.1",
    listen: true,
    webSocket: false,
    maxPayload: 1_048_576,
    maxPending: 67_108_864,
    maxSubscriptions: 1_000_000,
    maxConnections: 65_536,
    pingInterval: 120_000,
    authTimeout: 2_000,
    time: "real",
    headers: true,
    jetstream: true,
  });
});

Deno.test("checkOptions() refuses what it does not know", () => {
  refused({ cluster: {} }, TypeError, 'every option must be known: "cluster"');
  const unknown = 'every option of `jetstream` must be known: "storeDir"';
  refused({ jetstream: { storeDir: "/tmp" } }, TypeError, unknown);
});

Deno.test("checkOptions() refuses the wrong type", () => {
  refused({ port: "4222" }, TypeError, '`port` must be a number: "4222"');
  refused({ jetstream: 1 }, TypeError, "`jetstream` must be a boolean: 1");
  const memory = "`jetstream.maxMemory` must be a whole number from 1: 0.5";
  refused({ jetstream: { maxMemory: 0.5 } }, RangeError, memory);
  refused({ listen: 1 }, TypeError, "`listen` must be a boolean: 1");
  refused({ webSocket: { port: -1 } }, TypeError, "`webSocket` must be a boolean");
  refused({ token: "" }, TypeError, "`token` must be a string that is not empty");
});

Deno.test("checkOptions() refuses numbers out of range", () => {
  refused({ port: 65_536 }, RangeError, "`port` must be a whole number from 0 to 65535: 65536");
  refused({ maxPayload: 0 }, RangeError, "`maxPayload` must be a whole number from 1");
  refused({ pingInterval: 1.5 }, RangeError, "`pingInterval` must be a whole number");
  refused({ authTimeout: Infinity }, RangeError, "`authTimeout` must be a whole number");
  refused({ maxPending: 1000 }, RangeError, "`maxPayload` must not exceed `maxPending`");
});

Deno.test("checkOptions() refuses what excludes each other", () => {
  refused({ listen: false, webSocket: true }, TypeError, "`webSocket` needs `listen`");
  refused({ token: "a", users: [] }, TypeError, "`token` and `users` exclude each other");
});

Deno.test("checkOptions() refuses users that cannot be", () => {
  const user = { user: "a", password: "b" };
  refused({ users: [{ user: "", password: "" }] }, TypeError, "a user must have a name");
  refused({ users: [user, user] }, TypeError, "user names must differ");
  refused({ users: [{ user: "a" }] }, TypeError, 'user "a" must have a password');
  for (const publish of [["a..b"], ["a b"], [""], { deny: ["a.>.b"] }]) {
    refused(
      { users: [{ ...user, permissions: { publish } }] },
      TypeError,
      "permissions must name valid subjects",
    );
  }
  const empty = [
    { subscribe: [] },
    { publish: [] },
    { publish: { allow: [] } },
    { publish: [], allowResponses: true },
  ];
  for (const permissions of empty) {
    refused(
      { users: [{ ...user, permissions }] },
      TypeError,
      'a list must not be empty, which is everything to nats-server (nothing is `deny: [">"]`)',
    );
  }
});

Deno.test("checkOptions() refuses an allowResponses that cannot be", () => {
  const given = (allowResponses: unknown) => ({
    users: [{ user: "a", password: "b", permissions: { allowResponses } }],
  });
  const form = 'milliseconds, or text such as "250ms", "30s", "5m", "1h" or "7d", or -1 for ever';
  for (const expires of ["5 minutes", "-1s", "", -2, Infinity, NaN, null, {}]) {
    const rule = `\`allowResponses.expires\` must be ${form}: ${JSON.stringify(expires)}`;
    refused(given({ expires }), TypeError, rule);
  }
  for (const max of ["3", -2, 1.5, NaN, null]) {
    refused(given({ max }), TypeError, "`allowResponses.max` must be a whole number, or -1");
  }
  refused(given({ ttl: 1 }), TypeError, 'every option of `allowResponses` must be known: "ttl"');
  for (const wrong of ["yes", 1, null, []]) {
    refused(given(wrong), TypeError, "`allowResponses` must be a boolean or an object");
  }
  for (const right of [true, false, {}, { max: -1, expires: -1 }, { max: 3, expires: "7d" }]) {
    checkOptions(given(right) as EmbeddedServerOptions);
  }
});
