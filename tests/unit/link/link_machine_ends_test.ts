import { checkColumn, readTable } from "./machine_events.ts";

// an opening that came has made it open; none can come behind it
const TABLE = readTable(`
                             | opening            | leaving          | finished          | over
opened                       | open: = o1         | –                | –                 | –
accepted                     | open: c            | over: x .        | finished:         | over:
refused                      | over: .            | over: .          | finished:         | over:
restrict to reading          | opening:           | leaving:         | finished:         | over:
restrict to sending          | opening:           | leaving:         | finished:         | over:
give                         | opening: = 0       | leaving: = 0     | finished: = 0     | over: = 0
give, flush                  | opening: = 0       | leaving: = 0     | finished: = 0     | over: = 0
give e, flush                | opening: = 0       | leaving: = 0     | finished: = 0     | over: = 0
flush                        | opening:           | leaving:         | finished:         | over:
read a little                | opening: = false   | leaving: = false | finished: = false | over: = false
read half                    | opening: = false   | leaving: = false | finished: = false | over: = false
credit                       | opening:           | leaving:         | finished:         | over:
credit, half read            | opening:           | leaving:         | finished:         | over:
close                        | opening:           | leaving:         | finished:         | over:
close, failed                | opening:           | leaving:         | finished:         | over:
abort                        | leaving: !deadline | leaving:         | over: .           | over:
fail                         | leaving: !gap      | leaving:         | over: .           | over:
drain                        | opening:           | leaving:         | finished:         | over:
addressed                    | opening:           | leaving:         | finished:         | over:
numbered next                | opening:           | leaving:         | finished: q       | over:
numbered next piece          | opening:           | leaving:         | finished: q       | over:
numbered again               | opening:           | leaving:         | finished: q       | over:
numbered early               | opening:           | leaving:         | finished: q       | over:
numbered early f             | opening:           | leaving:         | finished: q       | over:
numbered beyond              | opening:           | leaving:         | finished: q       | over:
numbered e                   | opening:           | leaving:         | finished: q       | over:
numbered f                   | opening:           | leaving:         | finished: q       | over:
numbered f, failed           | opening:           | leaving:         | finished: q       | over:
control open                 | opening:           | over: x .        | finished: q       | over:
control open, missing        | opening:           | over: x .        | finished: q       | over:
control open, impossible     | opening:           | over: x .        | finished: q       | over:
control credit               | opening:           | over: x .        | finished: q       | over:
control credit, missing      | opening:           | over: x .        | finished: q       | over:
control credit, impossible   | opening:           | over: x .        | finished: q       | over:
control probe                | opening:           | over: x .        | finished: q       | over:
control probe, missing       | opening:           | over: x .        | finished: q       | over:
control probe, impossible    | opening:           | over: x .        | finished: q       | over:
control gap                  | opening:           | over: x .        | finished: q       | over:
control gap, missing         | opening:           | over: x .        | finished: q       | over:
control gap, impossible      | opening:           | over: x .        | finished: q       | over:
control farewell             | opening:           | over: x .        | over: .           | over:
control farewell, missing    | opening:           | over: x .        | over: .           | over:
control farewell, impossible | opening:           | over: x .        | over: .           | over:
control draining             | opening:           | over: x .        | finished: q       | over:
control draining, missing    | opening:           | over: x .        | finished: q       | over:
control draining, impossible | opening:           | over: x .        | finished: q       | over:
control abort                | opening:           | over: x .        | finished: q       | over:
control abort, missing       | opening:           | over: x .        | finished: q       | over:
control abort, impossible    | opening:           | over: x .        | finished: q       | over:
control credit, all there    | opening:           | over: x .        | finished: q       | over:
control farewell, all there  | opening:           | over: x .        | over: .           | over:
peerLeft                     | opening:           | over: .          | over: .           | over:
lost                         | over: .            | over: .          | finished:         | over:
doubt                        | opening:           | leaving:         | finished:         | over:
disconnected                 | opening:           | leaving:         | finished:         | over:
resume                       | opening:           | leaving:         | finished: q       | over:
tick at once                 | opening:           | leaving:         | finished:         | over:
tick after 400 ms            | opening:           | leaving:         | finished:         | over:
tick after 1 s               | opening:           | leaving:         | finished: p       | over:
tick, unanswered             | opening: …         | leaving: …       | finished: … p     | over: …
tick after 5 s               | opening:           | over: .          | over: .           | over:
tick after 10 s              | opening:           | over: .          | over: .           | over:
tick after 20 s              | opening:           | over: .          | over: .           | over:
`);
const HERE_FOR_NO_TIME = {
  "tick at once": "over: .",
  "tick after 400 ms": "over: .",
  "tick after 1 s": "over: .",
  "tick, unanswered": "over: . …",
};

for (const state of Object.keys(TABLE)) {
  Deno.test(`LinkMachine does what can be done while it is ${state}, and nothing else`, () => {
    checkColumn(TABLE, state);
  });
}

Deno.test("LinkMachine does not linger where it is not to resume, and is the same in all else", () => {
  for (const [state, cells] of Object.entries(TABLE)) {
    const lingers = state === "leaving" || state === "finished";
    const brittle = { [state]: { ...cells, ...lingers && HERE_FOR_NO_TIME } };
    checkColumn(brittle, state, { resumeTimeout: 0 });
  }
});
