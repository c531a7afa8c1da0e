import { assertEquals } from "@std/assert";
import { checkedPlan } from "../../../src/jetstream/schedule/schedule.ts";
import { SchedulingStream } from "../../../src/jetstream/schedule/scheduling_stream.ts";

const SERVER_AHEAD = 3_600_000;
const TRIP = 200;

for (const [words, there] of [["on its way there", TRIP], ["on its way back", 0]] as const) {
  Deno.test(`js.schedule() in a second is due no earlier, nor later than a round trip, where it is slow ${words}`, async () => {
    let now = 1_000;
    const clock = { now: () => now, wallTime: () => now };
    const subjects = ["a.>", "_SIGNALBOX.A.>"];
    const call = () => {
      const ts = new Date(now + there + SERVER_AHEAD).toISOString();
      now += TRIP;
      return Promise.resolve({
        ts,
        config: { name: "A", subjects, allow_msg_schedules: true, allow_rollup_hdrs: true },
      });
    };
    const api = { access: { clock }, call, streams: { note: () => {} } };
    const stream = SchedulingStream.of(api as never, "A");
    const attempt = { action: "schedule", timeout: 5_000, signal: undefined, until: now + 5_000 };
    const called = now;
    const { next } = await checkedPlan(stream, "a.b", { in: "1s" }, called, attempt);
    const late = next! - (called + SERVER_AHEAD + 1_000);
    assertEquals([late >= 0, late <= TRIP + 1], [true, true], `${late}`);
  });
}
