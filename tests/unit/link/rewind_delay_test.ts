import { assertEquals } from "@std/assert";
import { RewindDelay, SendWindow } from "../../../src/link/machine/send_window.ts";

const LEARNED = { frames: 100, bytes: 100, sent: 0, spent: 0 };

/** Gives the moments of the first 4 000 ms at which frames are sent again, asked for in each of them. */
function rewound(acknowledged: (now: number) => number): number[] {
  const out = new SendWindow({ messages: 100, bytes: 1_000 });
  const rewinds = new RewindDelay();
  const data = new Uint8Array(1);
  const moments: number[] = [];
  for (let number = 1; number <= 100; number++) {
    out.give({ code: "b", data, headerBlock: undefined });
  }
  for (let now = 0; now < 4_000; now++) {
    out.learn({ received: acknowledged(now), ...LEARNED });
    out.take(Infinity);
    rewinds.want();
    rewinds.proceed(out, now);
    if (out.sent === acknowledged(now)) moments.push(now);
  }
  return moments;
}

Deno.test("RewindDelay sends again at once, and then with waits that double", () => {
  assertEquals(rewound(() => 0), [0, 100, 300, 700, 1_500, 3_100]);
  assertEquals(rewound((now) => Math.min(99, Math.floor(now / 100))).length, 6);
});

Deno.test("RewindDelay sends nothing again that nobody misses", () => {
  const rewinds = new RewindDelay();
  const out = new SendWindow({ messages: 1, bytes: 1 });
  rewinds.proceed(out, 0);
  assertEquals(rewinds.due, Infinity);
});
