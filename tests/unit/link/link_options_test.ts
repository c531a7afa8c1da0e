import { assertEquals } from "@std/assert";
import { linkSettings } from "../../../src/link/link_options.ts";
import { Pattern } from "../../../src/subject/subject.ts";
import { subscriberSettings } from "../../../src/subscriber/subscriber_options.ts";

const DEFAULTS = {
  window: { messages: 1_024, bytes: 1_048_576 },
  maxUnacknowledged: { messages: 1_024, bytes: 1_048_576 },
  maxMessage: 67_108_864,
  keepAlive: 10_000,
  resumeTimeout: 30_000,
  idleTimeout: Infinity,
};

Deno.test("linkSettings() fills in what is documented", () => {
  assertEquals(linkSettings("do it", {}), DEFAULTS);
});

Deno.test("linkSettings() keeps what is given, and fills in the other half of a window", () => {
  const maxUnacknowledged = { messages: 7, bytes: 8 };
  const given = {
    maxUnacknowledged,
    maxMessage: 0,
    keepAlive: 1,
    resumeTimeout: 0,
    idleTimeout: 2,
  };
  const settings = linkSettings("do it", { ...given, window: { bytes: 3 } });
  assertEquals(settings, { ...given, window: { messages: 1_024, bytes: 3 } });
});

Deno.test("subscriberSettings() lets 1 000 streams be at work, at any rate", () => {
  const settings = subscriberSettings(new Pattern("a"), {}, async function* () {});
  const { streams, maxStreams, openingRate, concurrency } = settings;
  assertEquals(
    { streams, maxStreams, openingRate, concurrency },
    { streams: DEFAULTS, maxStreams: 1_000, openingRate: Infinity, concurrency: Infinity },
  );
});
