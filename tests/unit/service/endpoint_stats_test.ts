import { assert, assertEquals } from "@std/assert";
import { EndpointStats } from "../../../src/service/endpoint.ts";

function read(stats: EndpointStats) {
  const { requests, errors, lastError, processingTime, averageProcessingTime } = stats;
  return { requests, errors, lastError, processingTime, averageProcessingTime };
}

const NOTHING = {
  requests: 0,
  errors: 0,
  lastError: undefined,
  processingTime: 0,
  averageProcessingTime: 0,
};

Deno.test("EndpointStats begins at nothing", () => {
  assertEquals(read(new EndpointStats()), NOTHING);
});

Deno.test("EndpointStats counts messages, errors and nanoseconds", () => {
  const stats = new EndpointStats();
  stats.record(1.5);
  stats.record(0, { code: 404 });
  stats.record(2.5, { code: 500 });
  stats.record(0);
  assertEquals(read(stats), {
    requests: 4,
    errors: 2,
    lastError: "500:Internal error",
    processingTime: 4_000_000,
    averageProcessingTime: 1_000_000,
  });
});

Deno.test("Nanoseconds are whole numbers, however finely the clock ticks", () => {
  const stats = new EndpointStats();
  for (let count = 0; count < 3; count++) stats.record(0.000_000_4);
  assertEquals(stats.processingTime, 1);
  assertEquals(stats.averageProcessingTime, 0);
  stats.record(1 / 3);
  assert(Number.isInteger(stats.processingTime));
  assert(Number.isInteger(stats.averageProcessingTime));
});

Deno.test("reset() begins again at nothing", () => {
  const stats = new EndpointStats();
  stats.record(1, { code: 400 });
  stats.reset();
  assertEquals(read(stats), NOTHING);
});

Deno.test("The last error says nothing that was made for one caller", () => {
  const stats = new EndpointStats();
  const lastErrors = [400, 404, 418, 499, 500, 599].map((code) => {
    const failure = { code, description: "The card 4711 of Ada has no money" };
    stats.record(1, failure);
    return stats.lastError;
  });
  assertEquals(lastErrors, [
    "400:Bad request",
    "404:Not found",
    "418:Refused",
    "499:Refused",
    "500:Internal error",
    "599:Failed",
  ]);
});
