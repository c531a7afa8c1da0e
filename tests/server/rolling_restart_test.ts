import { assert, assertEquals } from "@std/assert";
import { broken, type RollingOptions, rollingRestart } from "../soak/rolling.ts";

// Few requests, so that a busy machine keeps up: what is tested is that none is lost.
const SHORT = { seconds: 5, rate: 300, workers: 3, seed: 7, timeout: 5_000, rounds: 1 } as const;

function outcome(options: RollingOptions) {
  return rollingRestart(options).then((result) => ({
    ...result,
    // how fast the machine is must not decide
    found: broken(result, { ...options, rate: 0 }),
  }));
}

Deno.test("NatsBroker.run() fails no request when each worker is restarted under load", async () => {
  const { found, failed, sent, answered, restarts } = await outcome({
    ...SHORT,
    signal: "SIGTERM",
  });
  assertEquals([found, failed, restarts], [[], {}, 3]);
  assertEquals(answered, sent);
  assert(sent > 500, `${sent} requests were sent`);
});

Deno.test("NatsBroker.request() fails with a type and in time when workers are killed", async () => {
  const { found, failed, sent, answered } = await outcome({ ...SHORT, signal: "SIGKILL" });
  assertEquals(found, [], JSON.stringify(failed));
  assert(answered > sent * 0.9, `${answered} of ${sent} requests were answered`);
});
