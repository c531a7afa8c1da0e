import { assertEquals } from "@std/assert";
import { Beginning } from "../../../src/jetstream/read/beginning.ts";
import { turn } from "../../../src/clock.ts";

/** A read of the messages up to this sequence; `answers` says whether there are more, each time that it asks. */
function reading(last: number, pending: number, answers: (boolean | undefined)[]) {
  const seen = { asked: 0, renewed: 0, isOver: false };
  const beginning = new Beginning({
    pending,
    last,
    isWhole: false,
    start: 0,
    hasMore: () => Promise.resolve(answers[Math.min(seen.asked++, answers.length - 1)]),
    renew: () => void seen.renewed++,
    over: () => void (seen.isOver = true),
  });
  return { beginning, seen };
}

Deno.test("Beginning counts anew once a consumer is on the server that has all messages", () => {
  const { beginning, seen } = reading(3, 1, []);
  beginning.begin(1, false);
  beginning.begin(3, true);
  beginning.take({ seq: 1, pending: 2 });
  beginning.take({ seq: 2, pending: 1 });
  assertEquals(seen.isOver, false);
  beginning.take({ seq: 3, pending: 0 });
  assertEquals(seen.isOver, true);
});

Deno.test("Beginning goes on, on other servers, as long as the stream has more than the server of its consumer", async () => {
  const { beginning, seen } = reading(3, 0, [true]);
  beginning.begin(0, false);
  for (let times = 0; times < 50; times++) {
    await turn();
    beginning.idle();
  }
  assertEquals([seen.isOver, seen.renewed > 20], [false, true]);
  beginning.take({ seq: 3, pending: 0 });
  assertEquals(seen.isOver, true);
});

Deno.test("Beginning ends once the server that has all messages has no more", async () => {
  const { beginning, seen } = reading(3, 0, [undefined, true, undefined, false]);
  beginning.begin(0, false);
  for (let times = 0; times < 3; times++) {
    await turn();
    beginning.idle();
  }
  await turn();
  assertEquals(seen, { asked: 4, renewed: 1, isOver: true });
});

Deno.test("Beginning ends after a while where no server can say whether there are more", async () => {
  const { beginning, seen } = reading(3, 0, [undefined]);
  beginning.begin(0, false);
  for (let times = 0; times < 20; times++) {
    await turn();
    beginning.idle();
  }
  assertEquals(seen, { asked: 9, renewed: 4, isOver: true });
});
