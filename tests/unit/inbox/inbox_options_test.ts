import { assertEquals, assertThrows } from "@std/assert";
import { type InboxOptions, inboxSettings } from "../../../src/inbox/inbox.ts";

function sentenceOf(options: unknown): string {
  return assertThrows(() => inboxSettings(options as InboxOptions), TypeError).message;
}

Deno.test("inboxSettings() fills in the defaults", () => {
  const { receive: _, ...settings } = inboxSettings();
  assertEquals(settings, {
    schema: undefined,
    max: Infinity,
    idleTimeout: undefined,
    signal: undefined,
    bounds: { messages: 65_536, bytes: 67_108_864 },
    overflow: "close",
    queue: undefined,
  });
});

Deno.test("inboxSettings() keeps what it is given, 0 included", () => {
  const { signal } = new AbortController();
  const given = { max: 3, idleTimeout: 0, signal, overflow: "drop-newest" } as const;
  const settings = inboxSettings({ ...given, maxPending: { messages: 1, bytes: 0 } });
  const { max, idleTimeout, overflow, bounds } = settings;
  assertEquals({ max, idleTimeout, signal: settings.signal, overflow }, given);
  assertEquals(bounds, { messages: 1, bytes: 0 });
});

Deno.test("inboxSettings() fills in the bound that is not given, or undefined", () => {
  const of = (maxPending: unknown) => inboxSettings({ maxPending } as InboxOptions).bounds;
  assertEquals(of({ messages: 5 }), { messages: 5, bytes: 67_108_864 });
  assertEquals(of({ messages: undefined, bytes: 5 }), { messages: 65_536, bytes: 5 });
  assertEquals(of({ messages: 5, bytes: undefined }), { messages: 5, bytes: 67_108_864 });
});

Deno.test("inboxSettings() takes the Infinity that its docs name, as no limit", () => {
  const { max, idleTimeout } = inboxSettings({ max: Infinity, idleTimeout: Infinity });
  assertEquals([max, idleTimeout], [Infinity, undefined]);
});

Deno.test("inboxSettings() names each wrong option and its value", () => {
  const cannot = "Cannot open an inbox as ";
  const wrong: readonly [unknown, string][] = [
    [{ max: 0 }, `"max" must be a whole number of 1 or more, or Infinity: 0`],
    [
      { idleTimeout: -1 },
      `"idleTimeout" must be milliseconds from 0 to 2147483647, or text such as "30s", or Infinity: -1`,
    ],
    [{ signal: {} }, `"signal" must be an AbortSignal: [object Object]`],
    [{ maxPending: 5 }, `"maxPending" must be an object: 5`],
    [{ maxPending: { messages: 0 } }, `"messages" must be a whole number of 1 or more: 0`],
    [{ maxPending: { bytes: -1 } }, `"bytes" must be a whole number of bytes: -1`],
    [{ overflow: "x" }, `"overflow" must be one of "close", "drop-oldest", "drop-newest": "x"`],
    [
      { queue: "q" },
      `an option must be one of max, idleTimeout, signal, maxPending, overflow, schema: "queue"`,
    ],
  ];
  for (const [options, rule] of wrong) assertEquals(sentenceOf(options), cannot + rule);
});
